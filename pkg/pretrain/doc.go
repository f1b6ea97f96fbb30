// Package pretrain goes on with an encoder's own training on calls without labels: masked
// language modelling (Devlin et al. 2019; Gururangan et al. 2020 of going on with it on a
// domain's texts), and DistilBERT's way to make a small encoder from a large one (Sanh et
// al. 2019). Models are Hugging Face's DistilBertForMaskedLM and BertForMaskedLM.
package pretrain
