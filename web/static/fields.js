// The fields, or columns, that hold a call's text and its id; the first counts that
// has one.
export const textFields = ['text', 'narrative'];
export const idFields = ['id', 'uniqueid', 'sample_id'];
