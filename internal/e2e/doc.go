// Package e2e has tests of the whole: with a real browser, with the command as a process, and with
// authorization servers that others wrote. It is a module of its own so that what they need
// enters nobody's go.sum.
//
// The browser tests want Chromium, and skip where there is none unless CI is "true". With
// WALTZ_SCREENSHOTS naming a directory they leave pictures of the pages there. Those with oidc-provider
// want node and npm, and likewise skip.
package e2e
