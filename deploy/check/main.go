// Command check holds the manifests of deploy/ against the code that reads them in
// earnest: Kubernetes' own validation, the schema of Kubeflow's PyTorchJob, and
// Docker Compose's loader. It is a module of its own, so that nothing of it is in
// Trident's. Run it with "make deploy-check".
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	extensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/batch"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	batchvalidation "k8s.io/kubernetes/pkg/apis/batch/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	kyaml "sigs.k8s.io/yaml"
)

// crdModule holds the CustomResourceDefinition of PyTorchJob. Go's checksum database vouches for it.
const crdModule = "github.com/kubeflow/training-operator@v1.8.1"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "check: want the folder deploy")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	manifests, err := filepath.Glob(filepath.Join(dir, "k8s", "*.yaml"))
	if err != nil || len(manifests) == 0 {
		return fmt.Errorf("no manifest in %s: %w", dir, errors.Join(err, os.ErrNotExist))
	}
	jobs, err := pytorchJobs()
	if err != nil {
		return fmt.Errorf("read the schema of PyTorchJob: %w", err)
	}
	for _, path := range manifests {
		if err := manifest(path, jobs); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	path := filepath.Join(dir, "compose.yaml")
	options, err := cli.NewProjectOptions([]string{path}, cli.WithInterpolation(true))
	if err == nil {
		_, err = options.LoadProject(context.Background())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Println(path, "is good")
	return nil
}

// manifest checks each object of a file.
func manifest(path string, jobs *crd) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	documents := yaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(data)))
	defer documents.Close()
	buffer := make([]byte, len(data)+1)
	for {
		n, err := documents.Read(buffer)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var kind metav1.TypeMeta
		if err := kyaml.Unmarshal(buffer[:n], &kind); err != nil {
			return err
		}
		check := builtIn
		if kind.APIVersion == "kubeflow.org/v1" && kind.Kind == "PyTorchJob" {
			check = jobs.check
		}
		if err := check(buffer[:n]); err != nil {
			return fmt.Errorf("%s: %w", kind.Kind, err)
		}
		fmt.Println(path, kind.Kind, "is good")
	}
}

// builtIn does what the API server does with an object before it takes it.
func builtIn(document []byte) error {
	strict := kjson.NewSerializerWithOptions(kjson.DefaultMetaFactory, legacyscheme.Scheme, legacyscheme.Scheme, kjson.SerializerOptions{Yaml: true, Strict: true})
	external, _, err := strict.Decode(document, nil, nil)
	if err != nil {
		return err
	}
	legacyscheme.Scheme.Default(external)
	object, err := legacyscheme.Scheme.ConvertToVersion(external, runtime.InternalGroupVersioner)
	if err != nil {
		return err
	}
	switch o := object.(type) {
	case *batch.Job:
		o.Namespace, o.UID = "default", "1"
		// The server adds these.
		o.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{batchv1.ControllerUidLabel: "1"}}
		o.Spec.Template.Labels = map[string]string{
			batchv1.ControllerUidLabel: "1", batchv1.JobNameLabel: o.Name, "controller-uid": "1", "job-name": o.Name,
		}
		return batchvalidation.ValidateJob(o, batchvalidation.JobValidationOptions{RequirePrefixedLabels: true}).ToAggregate()
	case *core.PersistentVolumeClaim:
		o.Namespace = "default"
		return corevalidation.ValidatePersistentVolumeClaim(o, corevalidation.PersistentVolumeClaimSpecValidationOptions{}).ToAggregate()
	}
	return fmt.Errorf("there is no check for %T; add one", object)
}

// crd is a custom resource's schema.
type crd struct {
	validator crdvalidation.SchemaValidator
	shape     *structural.Structural
}

// pytorchJobs reads the schema from the operator's module.
func pytorchJobs() (*crd, error) {
	said, err := exec.Command("go", "mod", "download", "-json", crdModule).Output()
	if err != nil {
		return nil, err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(said, &module); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(module.Dir, "manifests/base/crds/kubeflow.org_pytorchjobs.yaml"))
	if err != nil {
		return nil, err
	}
	var definition extensionsv1.CustomResourceDefinition
	if err := kyaml.Unmarshal(data, &definition); err != nil {
		return nil, err
	}
	var schema apiextensions.JSONSchemaProps
	if err := extensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(definition.Spec.Versions[0].Schema.OpenAPIV3Schema, &schema, nil); err != nil {
		return nil, err
	}
	validator, _, err := crdvalidation.NewSchemaValidator(&schema)
	if err != nil {
		return nil, err
	}
	shape, err := structural.NewStructural(&schema)
	return &crd{validator, shape}, err
}

// check refuses fields that the schema doesn't have, too.
func (c *crd) check(document []byte) error {
	var object map[string]any
	if err := kyaml.UnmarshalStrict(document, &object); err != nil {
		return err
	}
	if errs := crdvalidation.ValidateCustomResource(field.NewPath(""), object, c.validator); len(errs) > 0 {
		return errs.ToAggregate()
	}
	unknown := pruning.PruneWithOptions(object, c.shape, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	if len(unknown) > 0 {
		return fmt.Errorf("unknown fields: %s", strings.Join(unknown, ", "))
	}
	return nil
}
