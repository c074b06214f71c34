package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	var leaving atomic.Bool
	web, err := net.FileListener(os.NewFile(3, "web")) // LISTEN_FDS says how many there are, from 3 on
	if err != nil {
		panic(err)
	}
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if leaving.Load() {
			w.Header().Set("Connection", "close")
		}
		if r.URL.Path == "/slow" {
			time.Sleep(time.Second)
		}
		w.Write([]byte("hello from go\n"))
	})}
	go server.Serve(web)
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	<-told
	leaving.Store(true)
	web.Close()
	time.Sleep(time.Second) // clients that hold a connection send their last request meanwhile
	server.Shutdown(context.Background())
}
