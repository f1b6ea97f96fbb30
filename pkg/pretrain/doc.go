// Package pretrain continues an encoder's pretraining on unlabelled calls by masked
// language modelling (Devlin et al. 2019; Gururangan et al. 2020 for continued pretraining
// on a domain's texts), and distills a small encoder from a large one as DistilBERT was
// distilled from BERT (Sanh et al. 2019). Models are Hugging Face's DistilBertForMaskedLM
// and BertForMaskedLM.
//
// [ReadCorpus] reads calls, a [Masker] masks tokens, and an [Objective] is what pkg/trainer
// trains. pkg/run does all of it for task: pretrain.
package pretrain
