package storage_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"custodian/storage"
	"custodian/storage/storagetest"
)

var update = flag.Bool("update", false, "write new test vectors (the published ones are never replaced lightly)")

const vectorDir = "../docs/design/testdata"

// vector is one published object with everything needed to open it.
type vector struct {
	About     string `json:"about"`
	Root      string `json:"root_key_hex"`
	Provider  int64  `json:"provider"`
	Record    int64  `json:"record"`
	Document  int64  `json:"document"`
	Version   int64  `json:"version"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256_hex"`
	ProvFile  string `json:"provider_key_file"`
	RecFile   string `json:"record_key_file"`
	ProvKey   string `json:"provider_key_hex"`
	RecKey    string `json:"record_key_hex"`
	Wrapped   string `json:"wrapped_data_key_hex"`
	DataKey   string `json:"data_key_and_nonce_hex"`
	ObjectSum string `json:"object_sha256_hex"`
	Object    string `json:"object_file"`
}

// vectorPlain is the plaintext of the vectors: byte i is i*7 + i/256, of
// which the lowest eight bits count.
func vectorPlain(n int64) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(i*7 + i/256)
	}
	return out
}

var vectorSizes = map[string]int64{"sealed-small": 40, "sealed-two-packages": 65536 + 40, "sealed-empty": 0}

// The published vectors open with the product, through a keyring made of
// their key files.
func TestVectors(t *testing.T) {
	if *update { // before any test reads them
		for name, size := range vectorSizes {
			writeVector(t, name, size)
		}
	}
	t.Parallel()
	for name, size := range vectorSizes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, object := readVector(t, name)
			dir := filepath.Join(t.TempDir(), "keyring")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for file, content := range map[string][]byte{
				"root.key": unhex(t, v.Root), "provider-21.key": []byte(v.ProvFile), "record-34.key": []byte(v.RecFile),
			} {
				if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			store := storagetest.Memory()
			k := kept{name: storage.NewName(), wrapped: unhex(t, v.Wrapped), binding: v.binding(t)}
			if _, err := store.Put(t.Context(), k.name, bytes.NewReader(object)); err != nil {
				t.Fatal(err)
			}
			got, err := k.read(t.Context(), storage.NewSealed(store, ring{dir: dir}.again(t)))
			if err != nil || !bytes.Equal(got, vectorPlain(size)) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

// The vectors open with nothing but AES-256-GCM and the words of
// docs/design/sealed-objects.md: this function is those words in Go.
func TestVectorsByTheBook(t *testing.T) {
	t.Parallel()
	for name, size := range vectorSizes {
		v, object := readVector(t, name)
		be := func(ns ...int64) (out []byte) {
			for _, n := range ns {
				out = binary.BigEndian.AppendUint64(out, uint64(n))
			}
			return out
		}
		unwrap := func(key, wrapped []byte, associated ...[]byte) []byte {
			if wrapped[0] != 1 {
				t.Fatalf("%s: format %d", name, wrapped[0])
			}
			return gcmOpen(t, key, wrapped[1:13], wrapped[13:], bytes.Join(associated, nil))
		}
		line := func(file, title string) []byte {
			lines := strings.Split(file, "\n")
			if len(lines) != 3 || lines[0] != title || lines[2] != "" {
				t.Fatalf("%s: key file %q", name, file)
			}
			wrapped, err := base64.StdEncoding.DecodeString(lines[1])
			if err != nil {
				t.Fatal(err)
			}
			return wrapped
		}
		provider := unwrap(unhex(t, v.Root), line(v.ProvFile, "custodian provider key v1, provider 21"),
			[]byte("custodian provider key v1\x00"), be(21))
		record := unwrap(provider, line(v.RecFile, "custodian record key v1, provider 21, record 34"),
			[]byte("custodian record key v1\x00"), be(21, 34))
		data := unwrap(record, unhex(t, v.Wrapped),
			[]byte("custodian data key v1\x00"), be(21, 34, 55, 89, size), unhex(t, v.SHA256))
		for what, pair := range map[string][2]string{
			"provider key": {hex.EncodeToString(provider), v.ProvKey}, "record key": {hex.EncodeToString(record), v.RecKey}, "data key": {hex.EncodeToString(data), v.DataKey},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: the %s is %s, the vector says %s", name, what, pair[0], pair[1])
			}
		}
		if got := openByTheBook(t, data, object); !bytes.Equal(got, vectorPlain(size)) {
			t.Errorf("%s: the plaintext differs", name)
		}
	}
}

// openByTheBook opens an object whose whole bytes are at hand.
func openByTheBook(t *testing.T, data, object []byte) (plain []byte) {
	t.Helper()
	key, nonce := data[:32], data[32:44]
	for number := uint32(0); len(object) > 0; number++ {
		header := object[:16]
		length := int(binary.LittleEndian.Uint16(header[2:4])) + 1
		last := len(object) == 16+length+16
		want := bytes.Clone(nonce)
		if last {
			want[0] |= 0x80
		}
		if header[0] != 0x20 || header[1] != 0 || !bytes.Equal(header[4:], want) || !last && length != 65536 {
			t.Fatalf("package %d has header %x", number, header)
		}
		binary.LittleEndian.PutUint32(want[8:], binary.LittleEndian.Uint32(want[8:])^number)
		plain = append(plain, gcmOpen(t, key, want, object[16:16+length+16], header[:4])...)
		object = object[16+length+16:]
	}
	return plain
}

func gcmOpen(t *testing.T, key, nonce, sealed, associated []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	out, err := gcm.Open(nil, nonce, sealed, associated)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (v vector) binding(t *testing.T) storage.Binding {
	t.Helper()
	return storage.Binding{Provider: v.Provider, Record: v.Record, Document: v.Document, Version: v.Version,
		Size: v.Size, SHA256: [sha256.Size]byte(unhex(t, v.SHA256))}
}

func readVector(t *testing.T, name string) (vector, []byte) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(vectorDir, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var v vector
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	object, err := os.ReadFile(filepath.Join(vectorDir, v.Object))
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(object); hex.EncodeToString(sum[:]) != v.ObjectSum {
		t.Fatalf("%s is not the file that was published", v.Object)
	}
	return v, object
}

// writeVector seals a new vector. Keys and nonces come from the random
// source, as they always do.
func writeVector(t *testing.T, name string, size int64) {
	t.Helper()
	r, store := newRing(t), storagetest.Memory()
	k := keep(t, storage.NewSealed(store, r.keys), vectorPlain(size), storage.Binding{Provider: 21, Record: 34, Document: 55, Version: 89})
	object := raw(t, store, k.name)
	file := func(name string) string {
		text, err := os.ReadFile(r.path(name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	provider, record, data, err := storage.BareKeys(context.Background(), r.keys, k.binding, k.wrapped)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(object)
	v := vector{
		About: "Test vector of docs/design/sealed-objects.md. Plaintext byte i is (i*7 + i/256) modulo 256. No key in it is used anywhere else.",
		Root:  hex.EncodeToString([]byte(file("root.key"))), Provider: 21, Record: 34, Document: 55, Version: 89,
		Size: size, SHA256: hex.EncodeToString(k.binding.SHA256[:]), ProvFile: file("provider-21.key"), RecFile: file("record-34.key"),
		ProvKey: hex.EncodeToString(provider), RecKey: hex.EncodeToString(record), Wrapped: hex.EncodeToString(k.wrapped),
		DataKey: hex.EncodeToString(data), ObjectSum: hex.EncodeToString(sum[:]), Object: name + ".bin",
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string][]byte{name + ".json": append(text, '\n'), name + ".bin": object} {
		if err := os.WriteFile(filepath.Join(vectorDir, path), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	out, err := io.ReadAll(hex.NewDecoder(strings.NewReader(s)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}
