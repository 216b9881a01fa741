package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"concord/internal/app"
)

// The configuration that README.md shows is good beside the files of examples/, as it says.
func TestTheConfigurationOfTheReadmeIsGood(t *testing.T) {
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	text, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("README.md shows no configuration")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../examples")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "mine.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AZURE_OPENAI_API_KEY", "a-secret")
	config, err := app.Load(file, app.Disk(), time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if config.Gateway != "mine" {
		t.Errorf("the gateway is named %q", config.Gateway)
	}
}
