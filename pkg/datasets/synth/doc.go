// Package synth makes helpline calls in the three schemas.
package synth
