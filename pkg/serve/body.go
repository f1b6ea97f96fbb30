package serve

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
)

// body reads a request's body, within the limits for it and for all requests
// together. They apply to the decompressed size.
func (s *Server) body(w http.ResponseWriter, r *http.Request, share *ticket) ([]byte, error) {
	zipped, err := checkType(w, r.Header)
	if err != nil {
		return nil, err
	}
	if r.ContentLength > s.Limits.Body {
		return nil, s.tooLarge()
	}
	var from io.Reader = http.MaxBytesReader(w, r.Body, s.Limits.Body) // also limits compressed bytes: gzip can have many empty members
	if zipped {
		if from, err = newGunzip(from); err != nil {
			return nil, s.broken(err)
		}
	}
	data, err := io.ReadAll(share.body(io.LimitReader(from, s.Limits.Body+1)))
	switch {
	case err != nil:
		return data, s.broken(err)
	case int64(len(data)) > s.Limits.Body:
		return data, s.tooLarge()
	}
	return data, nil
}

// broken returns why a body couldn't be read, as a problem.
func (s *Server) broken(err error) error {
	var tooLarge *http.MaxBytesError
	var corrupt flate.CorruptInputError
	switch {
	case errors.As(err, &tooLarge):
		return s.tooLarge()
	case errors.Is(err, errFull):
		return s.full(0)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return problemf(http.StatusRequestTimeout, "", "the body didn't come within %v", s.ReadTimeout)
	case errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt):
		return problemf(http.StatusBadRequest, "", "the body is not gzip, as Content-Encoding says")
	}
	return problemf(http.StatusBadRequest, "", "the body broke off")
}

func (s *Server) tooLarge() error {
	return problemf(http.StatusRequestEntityTooLarge, "", "the body has more than %d bytes; send the texts in several requests", s.Limits.Body)
}

// checkType requires JSON in UTF-8, plain or compressed with gzip.
func checkType(w http.ResponseWriter, h http.Header) (zipped bool, err error) {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	switch charset := strings.ToLower(params["charset"]); {
	case err != nil || kind != "application/json":
		return false, problemf(http.StatusUnsupportedMediaType, "", "want the header Content-Type: application/json")
	case charset != "" && charset != "utf-8" && charset != "utf8":
		return false, problemf(http.StatusUnsupportedMediaType, "", "want JSON in UTF-8")
	}
	switch strings.ToLower(strings.Join(h.Values("Content-Encoding"), ",")) {
	case "", "identity":
		return false, nil
	case "gzip", "x-gzip":
		return true, nil
	}
	w.Header().Set("Accept-Encoding", "gzip")
	return false, problemf(http.StatusUnsupportedMediaType, "", "want the Content-Encoding gzip or none")
}
