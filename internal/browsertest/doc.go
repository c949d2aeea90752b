// Package browsertest lets a test use the product as a person does: in a real
// Chromium, by what can be seen, by mouse or by keyboard alone, with script or
// without. Only tests import it.
package browsertest
