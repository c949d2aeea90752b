package browsertest

// Find is what looks for the browser.
var Find = find
