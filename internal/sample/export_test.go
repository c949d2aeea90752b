package sample

// Dated is dated, for tests.
func Dated() map[string]string { return dated() }
