// Package seal encrypts and authenticates one object of any length.
//
// Purpose: turn a stream of bytes into a sealed stream, and open any part of
// it again without reading the rest. The format is DARE 2.0 as written by
// github.com/minio/sio: packages of up to 64 KiB, each under AES-256-GCM, each
// 32 bytes longer than what it holds. An empty object is sealed as nothing.
// docs/design/sealed-objects.md gives every byte.
//
// Promise: what Opened returns is what was sealed under that key, at that
// place, or an error that wraps ErrDamaged and none of the bytes in doubt. A
// package that was changed, moved, cut off, added or taken from another
// object is never returned. Memory does not grow with the object.
//
// One thing goes beyond plain DARE 2.0. Its package nonce is the nonce in the
// package's own header, xor the package's number; a reader that starts in the
// middle has nothing to compare that header with, so packages moved within
// one object could pass for one another. Here the nonce is part of the Key,
// and every header must carry it.
//
// Limits: the caller knows the length of the plaintext and keeps it somewhere
// authentic, for a cut object is found by its length. A key seals one object
// only. No network, no clock, no files.
package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/minio/sio"
)

const (
	// PackageSize is the number of plaintext bytes in every package but the
	// last, which may be shorter and is never empty.
	PackageSize = 64 << 10
	// Overhead is what sealing adds to each package: 16 bytes of header and 16
	// of tag.
	Overhead = headerSize + tagSize
	// MaxSize is the longest plaintext DARE 2.0 can number: 2^32 packages.
	MaxSize = PackageSize << 32

	headerSize   = 16
	tagSize      = 16
	sealedSize   = PackageSize + Overhead
	spanPackages = 16 // packages read and opened at once: 1 MiB
)

// ErrDamaged means that stored bytes are not what was sealed: changed, moved,
// cut, swapped for another object's, or opened with another key.
var ErrDamaged = errors.New("sealed object is damaged or was swapped")

// SealedSize gives the length of an object sealed from size bytes. It refuses
// negative sizes and those over MaxSize.
func SealedSize(size int64) (int64, error) {
	if size < 0 || size > MaxSize {
		return 0, fmt.Errorf("seal: no object has %d bytes", size)
	}
	packages := (size + PackageSize - 1) / PackageSize
	return size + packages*Overhead, nil
}

// NewReader returns a reader of src sealed under key. It ends with io.EOF only
// after src did; every other error of src, io.ErrUnexpectedEOF among them, is
// passed on wrapped, and what was read until then is no whole object.
func NewReader(src io.Reader, key Key) (io.Reader, error) {
	config, err := key.config(0)
	if err != nil {
		return nil, err
	}
	r, err := sio.EncryptReader(&source{r: src}, config)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return r, nil
}

// source passes src on to sio with its failures wrapped: sio takes a bare
// io.ErrUnexpectedEOF for the end of the plaintext and would seal a body that
// was cut on its way here as if it were whole.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	switch {
	case err == io.EOF:
		s.err = io.EOF
	case err != nil:
		s.err = fmt.Errorf("seal: read plaintext: %w", err)
	}
	if n > 0 {
		return n, nil // the error comes with the next call, so that no byte is lost
	}
	return 0, s.err
}

// config is the one place that names format and cipher, so that neither DARE
// 1.0 nor another suite is ever written or accepted.
func (k Key) config(first uint32) (sio.Config, error) {
	if k.secret == nil {
		return sio.Config{}, errors.New("seal: no key")
	}
	var nonce [nonceSize]byte
	copy(nonce[:], k.raw[secretSize:])
	return sio.Config{
		MinVersion:     sio.Version20,
		MaxVersion:     sio.Version20,
		CipherSuites:   []byte{sio.AES_256_GCM},
		Key:            k.raw[:secretSize],
		Nonce:          &nonce,
		SequenceNumber: first,
	}, nil
}

// nonceOf gives the nonce a header claims, without the mark of the last
// package.
func nonceOf(header []byte) [nonceSize]byte {
	var nonce [nonceSize]byte
	copy(nonce[:], header[headerSize-nonceSize:headerSize])
	nonce[0] &^= finalBit
	return nonce
}

// hasNonce says whether a package header carries the nonce of the key.
func (k Key) hasNonce(header []byte) bool {
	nonce := nonceOf(header)
	return bytes.Equal(nonce[:], k.raw[secretSize:])
}
