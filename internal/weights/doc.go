// Package weights reads and writes model weights as bytes, without libtorch:
// safetensors files, and the state dicts that PyTorch's torch.save writes.
//
// Files come from anywhere, so both readers treat every number in them as
// hostile. They run no code, allocate in proportion to the file's actual content, and
// return an error for a file that is truncated, has overlapping tensors, or gives wrong
// sizes.
package weights
