// Package app is the composition root: it reads a configuration, builds the gateway with its journal, books, poster and
// adapters from it, runs them, and stops them in order. It is the only package that knows concrete adapters and stores, and
// the only one that reads secrets.
//
// A Config is what is offered under which terms; Start and Server.Run make one process run of it; OpenReading opens the data
// for whoever reads it, beside a running server or without one. Explain, Usage, Statements and Rebuild answer from the
// journal and the books alone: what the configuration says today does not change what was.
package app
