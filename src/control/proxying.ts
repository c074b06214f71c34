/**
 * What a proxy and its supervisor tell each other:
 *
 *   GET  /v1/proxied?service=api&proxy=PID    ProxyTable a line, whenever it has changed, until the connection ends
 *   POST /v1/drained  DrainedReport           { "ok": true }
 */
export interface ProxyTable {
  readonly v: 1;
  readonly kind: "table";
  readonly service: string;
  readonly upstreams: readonly ProxyUpstream[];
  /** Nobody will come who could take a connection: the service is off, or has been given up on. */
  readonly hopeless: boolean;
  /** false: the service is served without a proxy by now, so that this one winds up. */
  readonly accepts: boolean;
  readonly sticky: boolean;
  readonly proxy_protocol: boolean;
  /** How long a connection may wait for an instance that is ready. */
  readonly hold_ms: number;
  /** How long connections may go on once the proxy itself is to end. */
  readonly drain_ms: number;
}

/** An instance that connections go to. */
export interface ProxyUpstream {
  readonly slot: number;
  readonly run: number;
  /** On 127.0.0.1; null: it has none. */
  readonly port: number | null;
  /** A unix socket, asked first; it may not be there. */
  readonly path: string | null;
  /** draining: no new connections, and those it has are to end, or to move on where nobody can tell. */
  readonly state: "ready" | "draining";
}

/** Instances of which this proxy has no connection any more, and to which it gives none. */
export interface DrainedReport {
  readonly service: string;
  /** The pid of the proxy. */
  readonly proxy: number;
  readonly instances: readonly { readonly slot: number; readonly run: number }[];
}
