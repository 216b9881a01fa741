package app

import (
	"io/fs"
	"maps"
	"os"
	"time"
)

// A stamp is what the file system says of a file without reading it.
type stamp struct {
	info    fs.FileInfo // nil = it is not there
	size    int64
	changed time.Time
}

func stampOf(stat func(string) (fs.FileInfo, error), path string) stamp {
	info, err := stat(path) // follows links: a mounted secret or ConfigMap is exchanged by one
	if err != nil {
		return stamp{}
	}
	return stamp{info, info.Size(), info.ModTime()}
}

func (s stamp) equal(o stamp) bool {
	if s.info == nil || o.info == nil {
		return s.info == nil && o.info == nil
	}
	return os.SameFile(s.info, o.info) && s.size == o.size && s.changed.Equal(o.changed)
}

// A lookout notices that files changed, however that was done: written in place, replaced by rename, or by a link to
// another directory. It asks the file system instead of being told, since network disks tell nobody. It is not safe for
// concurrent use.
type lookout struct {
	stat func(string) (fs.FileInfo, error)
	took map[string]stamp // as the files were when they were last taken
	last map[string]stamp // as they were at the last look
}

// reading returns a source that remembers what is read from src, and how it was just before.
func reading(src Source) (Source, *lookout) {
	w := &lookout{stat: src.Stat, took: map[string]stamp{}}
	if src.Stat == nil {
		return src, w
	}
	read := src.Read
	src.Read = func(path string) ([]byte, error) {
		if _, again := w.took[path]; !again {
			w.took[path] = stampOf(w.stat, path)
		}
		return read(path)
	}
	return src, w
}

// look reports that some file is not as it was taken, and as it was at the look before: whoever writes it has finished.
func (w *lookout) look() bool {
	now := make(map[string]stamp, len(w.took))
	for path := range w.took {
		now[path] = stampOf(w.stat, path)
	}
	still := maps.EqualFunc(now, w.last, stamp.equal)
	w.last = now
	return still && !maps.EqualFunc(now, w.took, stamp.equal)
}

// keep adds the files of an earlier lookout as they are now: what a broken configuration no longer names may mend it.
func (w *lookout) keep(earlier *lookout) {
	for path := range earlier.took {
		if _, ok := w.took[path]; !ok {
			w.took[path] = stampOf(w.stat, path)
		}
	}
}
