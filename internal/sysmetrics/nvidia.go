package sysmetrics

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// mebibyte, in which nvidia-smi counts memory, in megabytes.
const mebibyte = 1.048576

// nvidia asks nvidia-smi, which comes with the driver, about all GPUs. A program is asked
// instead of its library: linking that would let the linker ignore missing symbols of
// everything else.
func nvidia(ctx context.Context) (map[string]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=index,memory.used,memory.total,utilization.gpu,power.draw,enforced.power.limit", "--format=csv,noheader,nounits")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ask nvidia-smi: %w", err)
	}
	return parseNvidia(string(out))
}

// parseNvidia reads nvidia-smi's answer: memory in MiB, percent, watts. What a GPU doesn't
// know, such as "[N/A]", is left out.
func parseNvidia(text string) (map[string]float64, error) {
	lines := csv.NewReader(strings.NewReader(text))
	lines.FieldsPerRecord, lines.TrimLeadingSpace = 6, true
	rows, err := lines.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read nvidia-smi's answer: %w", err)
	}
	values := map[string]float64{}
	for _, row := range rows {
		index, err := strconv.Atoi(row[0])
		if err != nil || index < 0 {
			return nil, errors.New("read nvidia-smi's answer: a line has no GPU's number")
		}
		var known [6]bool
		var number [6]float64
		for i, field := range row {
			number[i], err = strconv.ParseFloat(field, 64)
			known[i] = err == nil && number[i] >= 0 && number[i] < 1e12
		}
		gpu := fmt.Sprintf("gpu_%d_", index)
		if known[1] {
			values[gpu+"memory_usage_megabytes"] = number[1] * mebibyte
		}
		if known[1] && known[2] && number[2] > 0 {
			values[gpu+"memory_usage_percentage"] = 100 * number[1] / number[2]
		}
		if known[3] {
			values[gpu+"utilization_percentage"] = number[3]
		}
		if known[4] {
			values[gpu+"power_usage_watts"] = number[4]
		}
		if known[4] && known[5] && number[5] > 0 {
			values[gpu+"power_usage_percentage"] = 100 * number[4] / number[5]
		}
	}
	return values, nil
}
