package sysmetrics

import (
	"context"
	"fmt"
	"maps"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

const megabyte = 1e6

// machine is what is measured, with the counters at the last sample or the start.
type machine struct {
	proc              procfs.FS
	disk              string
	busy, total       float64 // processor time in seconds
	receive, transmit float64 // bytes
	gpus              bool    // nvidia-smi works
}

func newMachine(proc, disk string) (*machine, error) {
	fs, err := procfs.NewFS(proc)
	if err != nil {
		return nil, fmt.Errorf("read the machine's use: %w", err)
	}
	m := &machine{proc: fs, disk: disk, gpus: true}
	if m.busy, m.total, err = m.processor(); err != nil {
		return nil, fmt.Errorf("read the machine's use: %w", err)
	}
	if m.receive, m.transmit, err = m.network(); err != nil {
		return nil, fmt.Errorf("read the machine's use: %w", err)
	}
	return m, nil
}

// sample returns the metrics without prefix. Those that can't be read are missing.
func (m *machine) sample(ctx context.Context) map[string]float64 {
	values := map[string]float64{}
	if busy, total, err := m.processor(); err == nil {
		if total > m.total {
			values["cpu_utilization_percentage"] = 100 * min(1, max(0, (busy-m.busy)/(total-m.total)))
		}
		m.busy, m.total = busy, total
	}
	if info, err := m.proc.Meminfo(); err == nil && info.MemTotalBytes != nil && info.MemAvailableBytes != nil && *info.MemTotalBytes > 0 {
		total, available := float64(*info.MemTotalBytes), float64(*info.MemAvailableBytes)
		values["system_memory_usage_megabytes"] = (total - available) / megabyte
		values["system_memory_usage_percentage"] = 100 * (total - available) / total
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(m.disk, &disk); err == nil && disk.Blocks > 0 {
		block := float64(disk.Frsize)
		used, free := float64(disk.Blocks-disk.Bfree)*block, float64(disk.Bavail)*block
		values["disk_usage_megabytes"], values["disk_available_megabytes"] = used/megabyte, free/megabyte
		if used+free > 0 {
			values["disk_usage_percentage"] = 100 * used / (used + free) // what df says
		}
	}
	if receive, transmit, err := m.network(); err == nil {
		values["network_receive_megabytes"] = (receive - m.receive) / megabyte
		values["network_transmit_megabytes"] = (transmit - m.transmit) / megabyte
	}
	if m.gpus {
		gpus, err := nvidia(ctx)
		m.gpus = err == nil
		maps.Copy(values, gpus)
	}
	return values
}

// processor returns seconds of all processors since boot. Guests' time is in User and
// Nice too.
func (m *machine) processor() (busy, total float64, err error) {
	stat, err := m.proc.Stat()
	if err != nil {
		return 0, 0, err
	}
	c := stat.CPUTotal
	total = c.User + c.Nice + c.System + c.Idle + c.Iowait + c.IRQ + c.SoftIRQ + c.Steal
	return total - c.Idle - c.Iowait, total, nil
}

// network returns the bytes that passed all interfaces since boot.
func (m *machine) network() (receive, transmit float64, err error) {
	devices, err := m.proc.NetDev()
	if err != nil {
		return 0, 0, err
	}
	all := devices.Total()
	return float64(all.RxBytes), float64(all.TxBytes), nil
}
