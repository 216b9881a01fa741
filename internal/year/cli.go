package year

import (
	"bytes"
	"context"
	"strings"

	"concord/internal/cli"
)

// InProcess runs the program's commands in this process.
func InProcess(ctx context.Context) Concord {
	return func(args ...string) ([]byte, int, error) {
		var out, words bytes.Buffer
		code := cli.Run(ctx, cli.Env{Args: args, Stdout: &out, Stderr: &words})
		if code > 1 {
			out.WriteString(strings.TrimSpace(words.String()))
		}
		return out.Bytes(), code, ctx.Err()
	}
}
