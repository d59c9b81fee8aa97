// Command metrics-server is metrics-server's library behind a handful of flags.
//
// Its stock command is generated against newer Kubernetes libraries than the cluster's. With the cluster's own
// libraries and OpenAPI definitions it shares nearly every compiled package with the API server.
package main

import (
	"flag"
	"net"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apiserver/pkg/endpoints/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/util/compatibility"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	definitions "k8s.io/kubernetes/pkg/generated/openapi"
	"sigs.k8s.io/metrics-server/pkg/api"
	"sigs.k8s.io/metrics-server/pkg/scraper/client"
	"sigs.k8s.io/metrics-server/pkg/server"
)

var (
	kubeconfig  = flag.String("kubeconfig", "", "file with the API server's address and this server's identity")
	address     = flag.String("bind-address", "127.0.0.1", "address to serve on")
	port        = flag.Int("secure-port", 4443, "port to serve on")
	certificate = flag.String("tls-cert-file", "", "serving certificate")
	key         = flag.String("tls-private-key-file", "", "key of the serving certificate")
	resolution  = flag.Duration("metric-resolution", 15*time.Second, "time between two readings of the kubelet")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		klog.Fatal(err)
	}
}

func run() error {
	identity, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	aggregated, err := apiServer()
	if err != nil {
		return err
	}
	metrics, err := server.Config{
		Apiserver:        aggregated,
		Rest:             identity,
		Kubelet:          kubelets(identity),
		MetricResolution: *resolution,
		ScrapeTimeout:    10 * time.Second,
	}.Complete()
	if err != nil {
		return err
	}
	return metrics.RunUntil(genericapiserver.SetupSignalHandler())
}

// apiServer answers for metrics.k8s.io and leaves the question who may ask to the cluster's API server.
func apiServer() (*genericapiserver.Config, error) {
	config := genericapiserver.NewConfig(api.Codecs)
	config.EffectiveVersion = compatibility.DefaultBuildEffectiveVersion()
	config.OpenAPIConfig = genericapiserver.DefaultOpenAPIConfig(
		definitions.GetOpenAPIDefinitions, openapi.NewDefinitionNamer(api.Scheme))
	config.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(
		definitions.GetOpenAPIDefinitions, openapi.NewDefinitionNamer(api.Scheme))

	serving := options.NewSecureServingOptions().WithLoopback()
	serving.BindAddress = net.ParseIP(*address)
	serving.BindPort = *port
	serving.ServerCert.CertKey = options.CertKey{CertFile: *certificate, KeyFile: *key}
	if err := serving.ApplyTo(&config.SecureServing, &config.LoopbackClientConfig); err != nil {
		return nil, err
	}
	authentication := options.NewDelegatingAuthenticationOptions()
	authentication.RemoteKubeConfigFile = *kubeconfig
	if err := authentication.ApplyTo(&config.Authentication, config.SecureServing, nil); err != nil {
		return nil, err
	}
	authorization := options.NewDelegatingAuthorizationOptions()
	authorization.RemoteKubeConfigFile = *kubeconfig
	return config, authorization.ApplyTo(&config.Authorization)
}

// kubelets are read with the same identity and CA as the API server: one CA signs every part of the cluster.
func kubelets(identity *rest.Config) *client.KubeletClientConfig {
	return &client.KubeletClientConfig{
		Client:              *rest.CopyConfig(identity),
		Scheme:              "https",
		DefaultPort:         10250,
		AddressTypePriority: []corev1.NodeAddressType{corev1.NodeInternalIP},
	}
}
