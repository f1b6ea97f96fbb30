package datasets

import "slices"

// UnknownCategory is the main category of every sub-category that isn't in the table.
const UnknownCategory = "Unknown"

// mainCategories groups the helpline's sub-categories. Spelling and case are those of
// the case system: "Legal issues" (a problem) and "Legal Issues" (a question) are two
// entries, in different main categories.
var mainCategories = map[string][]string{
	"Advice and Counselling": {
		"Bullying", "Child in Conflict with the Law", "Discrimination", "Drug/Alcohol Abuse",
		"Family Relationship", "HIV/AIDS", "Homelessness", "Legal issues", "Missing Child",
		"Peer Relationships", "Physical Health", "Psychosocial/Mental Health",
		"Relationships (Boy/Girl)", "Relationships (Parent/Child)", "Relationships (Student/Teacher)",
		"School related issues", "Self Esteem", "Sexual & Reproductive Health",
		"Student/ Teacher Relationship", "Teen Pregnancy",
	},
	"Child Maintenance & Custody": {
		"Adoption", "Birth Registration", "Custody", "Foster Care", "Maintenance", "No Care Giver", "Other",
	},
	"Disability": {
		"Albinism", "Hearing impairment", "Hydrocephalus", "Mental impairment", "Multiple disabilities",
		"Physical impairment", "Speech impairment", "Spinal bifida", "Visual impairment",
	},
	"GBV": {
		"Emotional/Psychological Violence", "Financial/Economic Violence", "Forced Marriage Violence",
		"Harmful Practice", "Physical Violence", "Sexual Violence",
	},
	"Information": {
		"Child Abuse", "Child Rights", "Info on Helpline", "Legal Issues", "School Related Issues",
	},
	"Nutrition": {
		"Balanced Diet", "Breastfeeding", "Feeding & Food preparation", "Malnutrition", "Obesity",
		"Stagnation", "Underweight",
	},
	"VANE": {
		"Child Abduction", "Child Labor", "Child Marriage", "Child Neglect", "Child Trafficking",
		"Emotional Abuse", "Female Genital Mutilation", "OCSEA", "Physical Abuse", "Sexual Abuse",
		"Traditional Practice", "Unlawful Confinement",
	},
}

// ungrouped are sub-categories in use that don't have a main category yet.
var ungrouped = []string{
	"Bursary Request", "Child Headed Household", "Cyberbullying", "Disaster Displacement",
	"Gambling", "Inheritance Dispute", "Orphanhood", "Radicalization", "Refugee Status",
	"Street Connected Child", "Suicidal Thoughts",
}

// mainOf is the inverse of mainCategories.
var mainOf = func() map[string]string {
	m := make(map[string]string)
	for main, subs := range mainCategories {
		for _, sub := range subs {
			m[sub] = main
		}
	}
	return m
}()

// MainCategory returns the main category of a sub-category, spelt exactly as in the
// table; UnknownCategory if it isn't in the table.
func MainCategory(sub string) string {
	if main, ok := mainOf[sub]; ok {
		return main
	}
	return UnknownCategory
}

// isCategory reports whether the table has a sub-category of exactly that spelling.
func isCategory(sub string) bool {
	_, found := mainOf[sub]
	return found
}

// categoryLike returns the sub-category in the table that is similar to sub, or "".
func categoryLike(sub string) string {
	plain, like := plainLabel(sub), ""
	for category := range mainOf {
		if plainLabel(category) == plain && (like == "" || category < like) {
			like = category
		}
	}
	return like
}

// SubCategories returns the 77 sub-categories in byte order: those with a main category,
// and those in use that have none.
func SubCategories() []string {
	subs := slices.Clone(ungrouped)
	for sub := range mainOf {
		subs = append(subs, sub)
	}
	slices.Sort(subs)
	return subs
}

// Interventions returns the 16 interventions that a helpline can take in a case.
func Interventions() []string {
	return []string{
		"Counselling", "Referral", "Follow-up", "Legal Aid", "Psychosocial Support", "Medical Referral",
		"Home Visit", "Case Conference", "Police Referral", "Child Protection", "Emergency Response",
		"Mediation", "Shelter", "Nutritional Support", "Educational Support", "Unknown",
	}
}

// Priorities returns the three degrees of urgency: "1" is critical (a child is in danger
// now), "2" urgent (within a day), "3" routine.
func Priorities() []string { return []string{"1", "2", "3"} }
