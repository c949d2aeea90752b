// Package whole tests the whole program as its people run it: bin/devstack
// with a real PostgreSQL, a real S3 server and the portal as processes of their
// own, spoken to over HTTP, killed and tampered with. It holds tests only.
package whole
