package datasets

import (
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// yesWords and noWords are words for true and false written by people and spreadsheets,
// in lower case: in English, in the languages of helplines, and in those of
// spreadsheets' truth values.
var (
	yesWords = wordSet(`
		yes y true t on met pass passed done ✓ ✔ ☑ ✅
		ndiyo ndio naam yego yee yebo ehe inde haa evet ya
		oui vrai ja j wahr sí si sim sì vero verdadero verdadeiro waar sant sand sandt kyllä tosi tak prawda ano da да igen
		نعم አዎ हाँ हां 是 はい 예 네`)
	noWords = wordSet(`
		no n false f off unmet fail failed ✗ ✘ ❌ ☐
		hapana la siyo sio oya nedda cha ayi kwete maya hayır tidak
		non faux nein falsch falso não nao nee nej nei onwaar falskt falsk usant ei nie fałsz ne нет nem
		لا አይ አይደለም नहीं 否 いいえ 아니요`)
	noPhrases = []string{"not met", "not done"}

	// notApplicable are words for "not applicable".
	notApplicable = wordSet("- – — n/a n.a na none null nil nan <na> nvt n.v.t haihusiki entfällt")
	noneNeeded    = regexp.MustCompile(`^(no|not) (.* )?(required|needed|necessary|applicable|hold)$`)
)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(words) {
		set[norm.NFC.String(word)] = true
	}
	return set
}

// plainWord normalises text for the sets above: lower case, without surrounding blanks
// or a full stop, and without the selectors that turn ✔ into an emoji.
func plainWord(text string) string {
	text = strings.TrimRight(strings.TrimSpace(text), "\ufe0e\ufe0f")
	return strings.ToLower(norm.NFC.String(strings.TrimSuffix(text, ".")))
}

// yesOrNo parses a word for true or false; ok is false for any other text.
func yesOrNo(text string) (yes, ok bool) {
	word := plainWord(text)
	if yesWords[word] {
		return true, true
	}
	for _, phrase := range noPhrases {
		if word == phrase {
			return false, true
		}
	}
	return false, noWords[word]
}

// saysNotApplicable reports whether a text is empty or means "not applicable", such as
// the Python prototype's "No hold was required".
func saysNotApplicable(text string) bool {
	word := plainWord(text)
	return word == "" || notApplicable[word] || noneNeeded.MatchString(word)
}
