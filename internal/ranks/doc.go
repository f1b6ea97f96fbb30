// Package ranks joins several processes into one training run: it determines this
// process's rank from flags or a scheduler's variables, connects the processes through
// libtorch's c10d, and detects failed ones.
package ranks
