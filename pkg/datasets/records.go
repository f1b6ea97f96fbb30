package datasets

import "encoding/json"

// Entity is one labelled span of a transcript. Start and End count Unicode
// code points and are half-open, as a Python slice is.
type Entity struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	Label string `json:"label"`
}

// NERRecord is one line of the NER file (JSONL).
type NERRecord struct {
	Text     Transcript `json:"text"`
	Entities []Entity   `json:"entities"`
}

// Victim is the child that a case is about.
type Victim struct {
	Gender    string `json:"gender"`
	FirstName string `json:"first_name"`
	Age       string `json:"age"`
}

// Reporter is the person who called.
type Reporter struct {
	Gender       string `json:"gender"`
	Relationship string `json:"relationship"`
}

// Perpetrator is the person said to be responsible for the harm.
type Perpetrator struct {
	Gender string `json:"gender"`
	Age    string `json:"age"`
}

// CaseRecord is one element of the case file (a JSON array). Training reads
// the narrative, category, intervention and priority; the rest is what the
// helpline's case system exports beside them.
type CaseRecord struct {
	UniqueID     string      `json:"uniqueid"`
	StartDate    string      `json:"startdate"`
	StartTime    string      `json:"starttime"`
	Category     string      `json:"category"`
	Victim       Victim      `json:"victim"`
	Reporter     Reporter    `json:"reporter"`
	Perpetrator  Perpetrator `json:"perpetrator"`
	County       string      `json:"county"`
	Counselor    string      `json:"counselor"`
	Intervention string      `json:"intervention"`
	Priority     string      `json:"priority"`
	Narrative    Transcript  `json:"narrative"`
}

// QARecord is one element of the QA file (a JSON array). Labels is as found on
// disk: a JSON string that holds an object, or the object itself.
type QARecord struct {
	Text         Transcript      `json:"text"`
	Labels       json.RawMessage `json:"labels"`
	SampleID     string          `json:"sample_id"`
	Scenario     string          `json:"scenario"`
	QualityLevel string          `json:"quality_level"`
}
