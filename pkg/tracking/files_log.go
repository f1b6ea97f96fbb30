package tracking

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/google/renameio/v2"
)

func (s *fileStore) logBatch(ctx context.Context, items []item, attempt int, refused func(item, error)) error {
	recorded := map[string]map[point]bool{} // per metric, on a retry
	for _, it := range items {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		switch it.kind {
		case paramItem:
			err = s.logParam(it)
		case tagItem:
			err = s.writeText(tagsFolder, it.key, it.text)
		case metricItem:
			if attempt > 0 && recorded[it.key] == nil {
				if recorded[it.key], err = recordedPoints(s.path(metricsFolder, it.key)); err != nil {
					return err
				}
			}
			p := point{it.time, it.value, it.step}
			if !recorded[it.key][p] {
				err = s.appendMetric(it.key, p)
			}
		}
		switch {
		case isRefused(err):
			refused(it, err)
		case err != nil:
			return err
		}
	}
	return nil
}

// logParam writes a param unless it already has a different value.
func (s *fileStore) logParam(it item) error {
	old, err := os.ReadFile(s.path(paramsFolder, it.key))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.writeText(paramsFolder, it.key, it.text)
	case err != nil:
		return err
	case string(old) != it.text:
		return refuse(errors.New("it has another value already"))
	}
	return nil
}

// writeText writes a param or tag as a file, atomically. The unfinished file is in
// the run's folder, where MLflow doesn't look for any.
func (s *fileStore) writeText(kind, key, text string) error {
	target := s.path(kind, key)
	if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
		return err
	}
	return renameio.WriteFile(target, []byte(text), 0o666, renameio.WithTempDir(s.dir))
}

// point is one line of a metric's file: "<ms> <value> <step>".
type point struct {
	time  int64
	value float64
	step  int64
}

func (p point) line() []byte {
	line := strconv.AppendInt(nil, p.time, 10)
	line = strconv.AppendFloat(append(line, ' '), p.value, 'g', -1, 64)
	return append(strconv.AppendInt(append(line, ' '), p.step, 10), '\n')
}

func parsePoint(line []byte) (p point, ok bool) {
	fields := bytes.Fields(line)
	if len(fields) != 3 {
		return p, false
	}
	var errs [3]error
	p.time, errs[0] = strconv.ParseInt(string(fields[0]), 10, 64)
	p.value, errs[1] = strconv.ParseFloat(string(fields[1]), 64)
	p.step, errs[2] = strconv.ParseInt(string(fields[2]), 10, 64)
	return p, errors.Join(errs[:]...) == nil
}

func (s *fileStore) appendMetric(key string, p point) error {
	path := s.path(metricsFolder, key)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	if err := errors.Join(appendLine(file, p.line()), file.Close()); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unsynced == nil {
		s.unsynced = map[string]bool{}
	}
	s.unsynced[path] = true
	return nil
}

func recordedPoints(path string) (map[point]bool, error) {
	points, err := repairMetric(path)
	set := map[point]bool{}
	for _, p := range points {
		set[p] = true
	}
	return set, err
}

// repairMetric reads a metric's file and removes an incomplete last line, which
// would keep MLflow from listing any run. If the file is then empty, it is deleted
// for the same reason.
func repairMetric(path string) ([]point, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	switch {
	case whole == 0:
		err = os.Remove(path)
	case whole < len(data):
		err = os.Truncate(path, int64(whole))
	}
	if err != nil {
		return nil, fmt.Errorf("cutting off a torn line: %w", err)
	}
	var points []point
	for line := range bytes.Lines(data[:whole]) {
		if p, ok := parsePoint(line); ok {
			points = append(points, p)
		}
	}
	return points, nil
}

// logInput writes the data set to the experiment and the link to it to the run's
// inputs, under MLflow's names.
func (s *fileStore) logInput(_ context.Context, d Dataset) error {
	dataset := md5Hex(d.Name + d.Digest)
	folder := filepath.Join(filepath.Dir(s.dir), datasetsFolder, dataset)
	if !fileExists(filepath.Join(folder, metaFile)) {
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return err
		}
		var profile, schema any
		if d.Profile != "" {
			profile = d.Profile
		}
		if d.Schema != "" {
			schema = d.Schema
		}
		err := writeMeta(folder, meta{
			"digest": d.Digest, "name": d.Name, "profile": profile, "schema": schema,
			"source": d.sourceJSON(), "source_type": datasetSourceType,
		})
		if err != nil {
			return err
		}
	}
	tags := map[string]any{}
	if d.Context != "" {
		tags[tagDatasetContext] = d.Context
	}
	link := filepath.Join(s.dir, inputsFolder, md5Hex(dataset+s.run))
	if err := os.MkdirAll(link, 0o777); err != nil {
		return err
	}
	return writeMeta(link, meta{
		"destination_id": s.run, "destination_type": "RUN",
		"source_id": dataset, "source_type": "DATASET", "tags": tags,
	})
}

// md5Hex names a folder; it needs no collision resistance.
func md5Hex(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (s *fileStore) logArtifact(_ context.Context, file, dest string, progress func()) error {
	_, err := copyFile(file, s.path(artifactsFolder, dest), s.dir, progress)
	return err
}
