package datasets

import "encoding/json"

// Entity is a labelled span of a transcript. Start and End count Unicode code points and
// are half-open, like a Python slice.
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

// Victim is the child in a case.
type Victim struct {
	Gender    string `json:"gender"`
	FirstName string `json:"first_name"`
	Age       string `json:"age"`
}

// Reporter is the caller.
type Reporter struct {
	Gender       string `json:"gender"`
	Relationship string `json:"relationship"`
}

// Perpetrator is the alleged perpetrator.
type Perpetrator struct {
	Gender string `json:"gender"`
	Age    string `json:"age"`
}

// CaseRecord is one element of the case file (a JSON array). Training reads the
// narrative, category, intervention and priority; the other fields are also exported by
// the helpline's case system.
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

// QARecord is one element of the QA file (a JSON array). Labels is as in the file: a
// JSON string that contains an object, or the object itself.
type QARecord struct {
	Text         Transcript      `json:"text"`
	Labels       json.RawMessage `json:"labels"`
	SampleID     string          `json:"sample_id"`
	Scenario     string          `json:"scenario"`
	QualityLevel string          `json:"quality_level"`
}
