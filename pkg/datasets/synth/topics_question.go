package synth

var questionTopics = []topic{
	{name: "Child Abuse", theme: question, ages: [2]int{3, 16},
		incidents: []string{"abuse information", "abuse signs"},
		problems: []string{
			"I want to know what counts as abuse and how one reports it",
			"which signs of abuse should I look for in {him}",
			"please explain the forms of abuse, for a talk in {his} church",
			"how does one report abuse without giving a name, {child} ask{s}",
		}},
	{name: "Child Rights", theme: question, ages: [2]int{5, 17},
		incidents: []string{"children's rights", "a rights question"},
		problems: []string{
			"I want to know which rights a child has, {child} write{s} an essay",
			"what rights does {child} have under the constitution",
			"{child} ask{s} about the right to play and to be heard",
			"please explain the rights of children to {him}",
		}},
	{name: "Info on Helpline", theme: question, ages: [2]int{6, 17},
		incidents: []string{"helpline services", "your opening hours"},
		problems: []string{
			"I want to know what this helpline does and if it is free",
			"are you open at night and is the helpline free for {him}",
			"which services does the helpline offer for {him}",
			"{child} saw your poster and ask{s} who answers the helpline",
		}},
	{name: "Legal Issues", theme: question, ages: [2]int{4, 17},
		incidents: []string{"the Children Act", "a legal question"},
		problems: []string{
			"I want to know what the law says on guardianship of {him}",
			"what does the Children Act say about the age of consent",
			"please explain the section of the Act on guardianship for {him}",
			"which section of the law protects {him}",
		}},
	{name: "School Related Issues", theme: question, ages: [2]int{4, 15},
		incidents: []string{"school admission", "a school transfer"},
		problems: []string{
			"I want to know how {child} can transfer to junior secondary",
			"what documents are needed for admission of {him}",
			"which day do admissions open, {child} join{s} grade one",
			"please explain how {child} get{s} a UPI number in NEMIS",
		}},
}
