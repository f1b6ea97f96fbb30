// Package weights reads and writes model weights as bytes, without libtorch:
// safetensors files, and the state dicts that PyTorch's torch.save writes.
//
// Files come from anywhere, so both readers treat every number in them as
// hostile. They run no code, allocate in proportion to what the file really
// holds, and answer a file that is cut short, overlapping or lying about its
// sizes with an error.
package weights
