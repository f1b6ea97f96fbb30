// Two programs that build on Trident, in a module of their own as any other program's
// would be; docs/library.md says how to run them.
module example.com/calls

go 1.26.0

require github.com/trident-nlp/trident v0.0.0

replace github.com/trident-nlp/trident => ..
