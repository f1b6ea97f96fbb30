package redact

import "strings"

// common are words that a name may contain or equal, but that stand for anything else as
// well: function words, words for relatives, titles, and words for places, in English and
// Swahili. A further mention is not looked for by such a word alone, unless the model found
// it with a capital letter; then by mentions with one.
var common = wordSet(`
a about after again all also am an and any are as at be because been before but by call came can come could day did do does
down each even every few for from get give go good had has have he hello her here hers him his how i if in into is it its just
know last let like long look made make many may me men might mine more most much must my near new next no none nor not now of off oh ok
okay old on once only or other our out over own part please she should since sir so some still such sure take than thank thanks that
the their them then there these they this those though time to today too under until up upon us very was way we well went were
what when where which while who whom whose why will with woman man work would yes yet you your yours
one two three four five six seven eight nine ten first second third years year old aged months month week weeks
na ya wa za la cha vya kwa ni si sio kama lakini au pia sana ndiyo ndio hapana hapa huko pale sasa leo jana kesho huyu hiyo hii
hao wao yeye mimi wewe sisi ninyi nyinyi yangu yake yao wangu wake wao kwangu kwake kutoka katika juu chini ndani nje baada kabla
nini nani wapi lini gani kila kitu mtu watu asante pole tafadhali habari jambo hujambo sawa basi moja mbili tatu nne tano sita
saba nane tisa kumi miaka miezi umri mwaka
mother father mum mom mummy dad daddy parent parents brother sister son daughter child children kid kids baby boy girl boys girls
uncle aunt aunty auntie cousin nephew niece grandmother grandfather grandma grandpa husband wife friend neighbour neighbor
stepfather stepmother guardian twin family relative colleague teacher pastor doctor nurse chief boss student pupil caller
counsellor counselor agent helper househelp guard driver watchman
mama baba dada kaka ndugu mtoto watoto binti kijana mvulana msichana shangazi mjomba nyanya babu bibi bwana mume mke rafiki jirani
mwalimu mchungaji daktari mzee mlezi mamake babake dadake kakake mamangu babangu
mr mrs ms miss madam dr prof rev fr bi bw
north south east west northern southern eastern western central upper lower great little big small saint st mount mt lake river
road street avenue lane highway stage town city village estate ward county sub-county location area centre center market church
mosque school primary secondary academy college university hospital clinic dispensary health police station post bridge stadium
hotel shop bar house home court office hall park garden slum slums
mji kijiji kata tarafa kaunti barabara soko kanisa msikiti shule hospitali zahanati kituo polisi daraja nyumba mtaa mto ziwa`)

// titles precede a person's name and are no part of it.
var titles = wordSet(`mr mrs ms miss madam sir dr doctor prof rev fr pastor chief teacher mwalimu bwana bw bi mama baba mzee mchungaji daktari uncle aunt aunty auntie`)

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}

// allCommon reports whether all words are common.
func allCommon(words []string) bool {
	for _, word := range words {
		if !common[word] {
			return false
		}
	}
	return true
}
