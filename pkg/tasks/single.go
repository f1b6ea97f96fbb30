package tasks

// The Python prototype's single-task models: the same tasks, each with its own encoder,
// with the heads and the parameter names of their trainers.

// SingleNER is NER as in Hugging Face's DistilBertForTokenClassification: without a
// transform before the classifier.
func SingleNER(labels []string) Task {
	task := NER(labels)
	task.Transform = ""
	task.Heads[0].Param = "classifier"
	return task
}

// SingleCLS is case classification over [CLS], with a pre-classifier.
func SingleCLS(labels CaseLabels) Task {
	task := CLS(labels)
	task.Pooling, task.PoolParam, task.PreParam = CLSPooling, "", "pre_classifier"
	for h, param := range []string{"classifier_main", "classifier_sub", "classifier_interv", "classifier_priority"} {
		task.Heads[h].Param = param
	}
	return task
}

// SingleQA is QA over [CLS].
func SingleQA() Task {
	task := QA()
	task.Pooling, task.PoolParam = CLSPooling, ""
	for h := range task.Heads {
		task.Heads[h].Param = "heads." + task.Heads[h].Name
	}
	return task
}
