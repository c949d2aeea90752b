package tree

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"
)

// CheckStamp proves with a certificate of the time-stamp service that a signed
// checkpoint was there at a moment, and gives the moment.
//
// A token brings certificates of its own, and anybody can put a real one of the
// service beside theirs: it is the one whose key signed that has to be the
// service's.
func CheckStamp(token, signed []byte, roots *x509.CertPool) (time.Time, error) {
	ts, err := timestamp.Parse(token)
	if err != nil {
		return time.Time{}, fmt.Errorf("time-stamp: %w", err)
	}
	if sum := sha256.Sum256(signed); ts.HashAlgorithm != crypto.SHA256 || !bytes.Equal(ts.HashedMessage, sum[:]) {
		return time.Time{}, errors.New("time-stamp: it is about something else")
	}
	p7, err := pkcs7.Parse(token)
	if err != nil {
		return time.Time{}, fmt.Errorf("time-stamp: %w", err)
	}
	signer := p7.GetOnlySigner()
	if signer == nil {
		return time.Time{}, errors.New("time-stamp: it does not hold the one certificate that signed it")
	}
	if err := p7.Verify(); err != nil { // asked here as well: what reads the token leaves it out where there are no certificates
		return time.Time{}, fmt.Errorf("time-stamp: %w", err)
	}
	between := x509.NewCertPool()
	for _, c := range p7.Certificates {
		between.AddCert(c)
	}
	// RFC 3161 marks that use as critical, which the standard library leaves to us.
	signer.UnhandledCriticalExtensions = withoutUse(signer.UnhandledCriticalExtensions)
	_, err = signer.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: ts.Time, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}})
	if err != nil {
		return time.Time{}, fmt.Errorf("time-stamp: %w", err)
	}
	for _, a := range p7.Signers[0].AuthenticatedAttributes {
		if err := names(a.Type, a.Value.Bytes, signer); err != nil {
			return time.Time{}, err
		}
	}
	return ts.Time, nil
}

// signingCertificate is what a signer signs about their own certificate, so that no
// other with the same key can be put in its place (RFC 5035, 3). The older form of it
// (RFC 2634, 5.4) names the certificate by SHA-1, on which nothing can rest: it is not
// asked, and the chain says who signed.
type signingCertificate struct {
	Certs    []certID
	Policies asn1.RawValue `asn1:"optional"`
}

// certID names a certificate by a hash, which is SHA-256 where none is said.
type certID struct {
	Hash   hashID `asn1:"optional"`
	Sum    []byte
	Issuer asn1.RawValue `asn1:"optional"`
}

type hashID struct {
	Algorithm  asn1.ObjectIdentifier
	Parameters asn1.RawValue `asn1:"optional"`
}

// names refuses an attribute that names another certificate than the signer's.
// Other attributes say nothing about it.
func names(kind asn1.ObjectIdentifier, value []byte, signer *x509.Certificate) error {
	if !kind.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}) {
		return nil
	}
	bad := errors.New("time-stamp: the certificate that it names is not the one that signed it")
	var said signingCertificate
	if rest, err := asn1.Unmarshal(value, &said); err != nil || len(rest) > 0 || len(said.Certs) == 0 {
		return bad
	}
	// the first is the signer's; further ones are about those above it
	id := said.Certs[0]
	hash, ok := hashNamed(id.Hash.Algorithm)
	if !ok {
		return bad
	}
	h := hash.New()
	h.Write(signer.Raw)
	if !bytes.Equal(id.Sum, h.Sum(nil)) {
		return bad
	}
	return nil
}

// hashNamed finds the hash that a certificate is named by.
func hashNamed(oid asn1.ObjectIdentifier) (crypto.Hash, bool) {
	switch {
	case len(oid) == 0 || oid.Equal(pkcs7.OIDDigestAlgorithmSHA256):
		return crypto.SHA256, true
	case oid.Equal(pkcs7.OIDDigestAlgorithmSHA384):
		return crypto.SHA384, true
	case oid.Equal(pkcs7.OIDDigestAlgorithmSHA512):
		return crypto.SHA512, true
	}
	return 0, false
}

func withoutUse(list []asn1.ObjectIdentifier) (rest []asn1.ObjectIdentifier) {
	for _, oid := range list {
		if !oid.Equal(asn1.ObjectIdentifier{2, 5, 29, 37}) {
			rest = append(rest, oid)
		}
	}
	return rest
}
