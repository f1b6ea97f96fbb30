package synth

import "strings"

// lexicon has ordinary words for slots of small talk, by the slot's name. There are many
// of each kind, so that most words are seen as seldom as names are: a rare word is not
// evidence of an entity. None of them is about a category, an intervention or a time of
// danger.
var lexicon = map[string][]string{
	"act": strings.Fields(`understand appreciate respect recognise acknowledge consider explore discuss clarify summarise document
		describe mention remember imagine realise notice believe suggest recommend emphasise prepare organise handle address
		compare confirm repeat manage forget recall hear follow grasp interpret
		overlook underline anticipate approach gather face mend examine translate pronounce spell ensure provide involve continue assist support
		encourage allow require resolve`),
	"acting": strings.Fields(`sweeping ironing knocking gardening travelling queueing recharging wandering weeding whistling humming
		scribbling pacing rambling stammering cooking knitting shelling painting climbing cycling digging drawing dreaming
		guessing listening looking mending milking packing polishing practising reading resting shopping singing sorting
		stitching sunbathing tidying typing waiting walking watering writing yawning`),
	"feel": strings.Fields(`overwhelming distressing exhausting confusing upsetting troubling delicate complicated sensitive serious
		unsettling heavy difficult worrying frustrating tiring burdensome stressful alarming discouraging unexpected
		shocking disturbing challenging strange puzzling tricky embarrassing disappointing draining uncomfortable unusual
		demanding lengthy personal sudden tough unpleasant important meaningful awkward concerning crucial terrible long-standing far-reaching time-consuming never-ending`),
	"mood": strings.Fields(`anxious relieved ashamed hopeful nervous embarrassed grateful uneasy restless desperate determined hesitant
		surprised puzzled patient thankful curious cautious doubtful sleepy tired breathless thirsty impatient cheerful
		confident encouraged discouraged distracted exhausted overwhelmed reluctant sincere stubborn tense thoughtful uncertain worn-out half-asleep easy-going short-tempered`),
	"notion": strings.Fields(`confidentiality privacy patience courage wellbeing circumstances responsibility guidance trust dignity
		background information communication environment community opportunity situation experience relationship possibility
		understanding assistance cooperation encouragement comfort concern consequence detail difficulty effort emotion
		expectation explanation honesty intention judgement kindness knowledge loyalty memory misunderstanding opinion
		perspective pressure promise purpose question reaction respect silence strength tradition truth uncertainty wisdom`),
	"adverb": strings.Fields(`Honestly Unfortunately Certainly Understandably Naturally Obviously Thankfully Absolutely Meanwhile
		Sometimes Usually Eventually Lately Apparently Basically Frankly Actually Probably Perhaps Admittedly Luckily Sadly
		Surprisingly Generally Personally Indeed However Besides Still Otherwise Nevertheless Especially Normally Clearly
		Strangely Hopefully Anyway Moreover Often Maybe Occasionally Originally Seriously Somehow Truly`),
	"thing": strings.Fields(`umbrella bicycle blanket kettle curtain basket ladder notebook calendar envelope battery charger suitcase
		mattress wheelbarrow cupboard jerrycan torch spoon sandals sweater mirror candle hammer bucket ticket receipt
		newspaper photograph keyboard backpack bench cabbage carpet clock comb cushion drum fence flask jacket kiosk
		magazine padlock pencil pillow pot raincoat rope saucepan scarf shelf slippers stool thermos towel tray trousers T-shirt
		lunch-box walkie-talkie
		wallet whistle window`),
	"setting": strings.Fields(`veranda corridor compound courtyard workshop bakery garage plantation junction roundabout playground
		staffroom library kitchen backyard hallway barbershop warehouse ferry minibus balcony basement canteen cafeteria
		doorway driveway footpath forecourt greenhouse laundry lobby orchard pavement quay sawmill shed stairway storeroom
		tailor's terrace waterfront yard`),
	"ly": strings.Fields(`immediately quickly carefully properly regularly slowly gently briefly fully directly openly together
		privately patiently sincerely thoroughly separately closely freely firmly gradually rarely seriously loudly
		afterwards beforehand meanwhile indoors outside face-to-face one-on-one`),
	"matter": strings.Fields(`child information family school case issue matter support community care advice future past organisation process rest
		household village decision evidence meeting money work church clan`),
	"many": strings.Fields(`services children parents authorities neighbours details relatives teachers officers cases questions
		families friends leaders reports lessons problems answers`),
	"day":   strings.Fields(`Monday Tuesday Wednesday Thursday Friday Saturday Sunday`),
	"month": strings.Fields(`January February March April May June July August September October November December`),
	"feast": strings.Fields(`Christmas Easter Ramadan Idd Mashujaa Diwali Pentecost`),
	"label": strings.Fields(`M-Pesa Bluetooth YouTube Wi-Fi SIM ID TV PIN SMS USB FM Gmail Bible Koran NGO CBO PDF KCPE English
		Swahili Kikamba Ekegusii`),
	"honour": strings.Fields(`Sir Madam Ma'am Mama Doctor Teacher Officer Bwana Mzee Sister Auntie Boss Dada Ndugu Mwalimu Mum`),
	"unit":   strings.Fields(`Unit Office Desk Ministry Department Committee Council Project Network Programme Association Agency`),
	"field": strings.Fields(`Children's Welfare Gender Guidance Youth Family Community Social Women's National Regional Public Central
		Protection Support Development`),
}
