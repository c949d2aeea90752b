package tree_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"

	"custodian/internal/audit/tree"
)

// holder is somebody with a certificate and its key.
type holder struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// holds makes a certificate for some uses, by somebody or by itself.
func holds(t *testing.T, name string, number int64, by *holder, uses ...x509.ExtKeyUsage) holder {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	model := &x509.Certificate{SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: uses,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true}
	h := holder{model, key}
	if by == nil {
		by = &h
	}
	der, err := x509.CreateCertificate(rand.Reader, model, by.cert, key.Public(), by.key)
	must(t, err)
	h.cert, err = x509.ParseCertificate(der)
	must(t, err)
	return h
}

// idOf is the attribute by which a signer names a certificate.
func idOf(version int, sum []byte) []pkcs7.Attribute {
	type id struct{ Sum []byte }
	last := map[int]int{1: 12, 2: 47}[version]
	return []pkcs7.Attribute{{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, last}, Value: struct{ Certs []id }{[]id{{sum}}}}}
}

// stamped makes a token about a message that some sign, with certificates before
// theirs.
func stamped(t *testing.T, message []byte, before []*x509.Certificate, about []pkcs7.Attribute, by ...holder) []byte {
	t.Helper()
	sum := sha256.Sum256(message)
	ts := timestamp.Timestamp{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: time.Now(), Policy: []int{1, 2, 3}, AddTSACertificate: true}
	answer, err := ts.CreateResponseWithOpts(by[0].cert, by[0].key, crypto.SHA256)
	must(t, err)
	read, err := timestamp.ParseResponse(answer)
	must(t, err)
	p7, err := pkcs7.Parse(read.RawToken)
	must(t, err)
	sd, err := pkcs7.NewSignedData(p7.Content)
	must(t, err)
	sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	sd.SetContentType(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4})
	for _, c := range before {
		sd.AddCertificate(c)
	}
	for _, h := range by {
		must(t, sd.AddSigner(h.cert, h.key, pkcs7.SignerInfoConfig{ExtraSignedAttributes: about}))
	}
	token, err := sd.Finish()
	must(t, err)
	return token
}

// Whoever puts a real certificate of the service beside their own has no time-stamp
// of the service: the one that signed must be the service's, and for that use.
func TestTimeStampsCannotBeForged(t *testing.T) {
	t.Parallel()
	const stamps = x509.ExtKeyUsageTimeStamping
	message := []byte("a checkpoint")
	root := holds(t, "Example root", 1, nil)
	service := holds(t, "Example time-stamps", 2, &root, stamps)
	web := holds(t, "Example web server", 3, &root, x509.ExtKeyUsageServerAuth)
	stranger, plain := holds(t, "Example time-stamps", 2, nil, stamps), holds(t, "Somebody", 9, nil)
	roots := x509.NewCertPool()
	roots.AddCert(root.cert)
	real := []*x509.Certificate{service.cert}
	two, other := sha256.Sum256(service.cert.Raw), sha256.Sum256(web.cert.Raw)
	for _, c := range []struct {
		what  string
		token []byte
		says  string // "" where it is good
	}{
		{"the service's own", stamped(t, message, nil, nil, service), ""},
		{"its certificate named by SHA-1", stamped(t, message, nil, idOf(1, make([]byte, 20)), service), ""},
		{"its certificate named by SHA-256", stamped(t, message, nil, idOf(2, two[:]), service), ""},
		{"beside others", stamped(t, message, []*x509.Certificate{plain.cert, web.cert}, nil, service), ""},
		{"signed by somebody beside the real certificate", stamped(t, message, real, nil, plain), "unknown authority"},
		{"signed by somebody of the same name and number", stamped(t, message, real, nil, stranger), "unknown authority"},
		{"signed by somebody who names the real certificate", stamped(t, message, real, idOf(2, two[:]), plain), "unknown authority"},
		{"signed with a certificate for something else", stamped(t, message, real, nil, web), "incompatible key usage"},
		{"another certificate named", stamped(t, message, nil, idOf(2, other[:]), service), "not the one that signed it"},
		{"nothing named", stamped(t, message, nil, idOf(2, nil), service), "not the one that signed it"},
		{"two signers", stamped(t, message, nil, nil, service, plain), "the one certificate"},
	} {
		_, err := tree.CheckStamp(c.token, message, roots)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.what, err, c.says)
		}
	}
}
