package tracking

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

const outboxVersion = 1

// outboxHeader is the first line of an outbox: the run and server that its records
// belong to. It contains no credentials.
type outboxHeader struct {
	Outbox      int    `json:"outbox"` // format version
	URI         string `json:"uri"`
	Experiment  string `json:"experiment_id"`
	Run         string `json:"run_id"`
	ArtifactURI string `json:"artifact_uri"`
	Started     int64  `json:"started"` // Unix milliseconds
}

// outboxLine is any line after the header: a record, or the acknowledgement of
// records that the server has accepted.
type outboxLine struct {
	record
	Ack []int64 `json:"ack,omitempty"`
}

// outbox is the journal of one run on disk. Lines are only ever appended, each in
// one write, so a crash costs at most the line being written. The file is locked
// while a process sends from it. An outbox is not safe for concurrent use.
type outbox struct {
	file *os.File
	path string
}

func outboxPath(dir, run string) string { return filepath.Join(dir, run+".jsonl") }

// createOutbox creates an outbox for a run in dir, which is created if missing.
func createOutbox(dir string, header outboxHeader) (*outbox, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the outbox folder: %w", err)
	}
	header.Outbox = outboxVersion
	path := outboxPath(dir, header.Run)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making the outbox: %w", err)
	}
	box := &outbox{file: file, path: path}
	if err := errors.Join(box.lock(), box.append(header)); err != nil {
		box.close()
		return nil, err
	}
	return box, nil
}

// openOutbox opens an existing outbox, removes an incomplete last line, and returns
// the content. It fails with ErrOutboxBusy while another process uses it.
func openOutbox(path string) (*outbox, outboxContent, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return nil, outboxContent{}, fmt.Errorf("opening the outbox: %w", err)
	}
	box := &outbox{file: file, path: path}
	if err := box.lock(); err != nil {
		box.close()
		return nil, outboxContent{}, err
	}
	content, err := readOutbox(file)
	if err == nil {
		err = file.Truncate(content.size)
	}
	if err != nil {
		box.close()
		return nil, outboxContent{}, fmt.Errorf("reading the outbox %s: %w", path, err)
	}
	return box, content, nil
}

func (o *outbox) lock() error {
	if err := syscall.Flock(int(o.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("%w: %s", ErrOutboxBusy, o.path)
		}
		return fmt.Errorf("locking the outbox %s: %w", o.path, err)
	}
	return nil
}

// append writes one line. After an error the file is truncated to its previous
// length, as far as the disk allows.
func (o *outbox) append(line any) error {
	data, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("encoding an outbox line: %w", err)
	}
	return appendLine(o.file, append(data, '\n'))
}

func (o *outbox) ack(seqs []int64) error {
	return o.append(struct {
		Ack []int64 `json:"ack"`
	}{seqs})
}

// sync flushes the lines to disk.
func (o *outbox) sync() error {
	if err := o.file.Sync(); err != nil {
		return fmt.Errorf("flushing the outbox %s: %w", o.path, err)
	}
	return nil
}

func (o *outbox) close() error { return o.file.Close() }

// remove deletes an outbox whose records have all been sent, and its folder if it
// is then empty.
func (o *outbox) remove() error {
	err := errors.Join(os.Remove(o.path), o.close())
	os.Remove(filepath.Dir(o.path)) // fails while other runs' outboxes are there
	return err
}

// outboxContent is the content of an outbox file.
type outboxContent struct {
	header  outboxHeader
	records []record // in the order in which they were logged
	pending []record // those not acknowledged
	lastSeq int64
	lastMs  int64  // time of the last record
	status  record // the last one with a status, acknowledged or not
	damaged int    // complete lines that could not be read
	size    int64  // bytes up to the last complete line
}

// readOutbox reads a whole outbox. It skips damaged lines and an incomplete last
// line, and fails only without a usable header.
func readOutbox(r io.Reader) (outboxContent, error) {
	var content outboxContent
	lines := bufio.NewReader(r)
	first, err := lines.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(first, &content.header)
	}
	if err != nil {
		return content, fmt.Errorf("its first line is damaged: %w", err)
	}
	if content.header.Outbox == 0 {
		return content, ErrNoOutbox
	}
	if content.header.Outbox != outboxVersion {
		return content, fmt.Errorf("it has format %d, this program reads format %d", content.header.Outbox, outboxVersion)
	}
	content.size = int64(len(first))

	sent := map[int64]bool{}
	for {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return content, err
		}
		content.size += int64(len(text))
		var line outboxLine
		switch {
		case len(bytes.TrimSpace(text)) == 0:
		case json.Unmarshal(text, &line) != nil, line.Seq <= 0 && line.Ack == nil:
			content.damaged++
		case line.Ack != nil:
			for _, seq := range line.Ack {
				sent[seq] = true
			}
		default:
			content.records = append(content.records, line.record)
			content.lastSeq = max(content.lastSeq, line.Seq)
			content.lastMs = max(content.lastMs, line.Time)
			if line.Status != "" {
				content.status = line.record
			}
		}
	}
	for _, r := range content.records {
		if !sent[r.Seq] {
			content.pending = append(content.pending, r)
		}
	}
	return content, nil
}

// appendLine writes line, which ends in a newline, in one write to a file opened
// with O_APPEND. If that fails halfway, it truncates the file.
func appendLine(file *os.File, line []byte) error {
	n, err := file.Write(line)
	if err == nil {
		return nil
	}
	if info, statErr := file.Stat(); n > 0 && statErr == nil {
		err = errors.Join(err, file.Truncate(info.Size()-int64(n)))
	}
	return fmt.Errorf("appending to %s: %w", file.Name(), err)
}
