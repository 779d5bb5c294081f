// Starts configurable-http-proxy 5.1, the last version that runs on node 18, taught to reach unix sockets: it doubles
// their paths, and it cannot ask a hub behind one for its error pages. Version 5.3 can; when node 18 is gone, this
// file can go, too.
import { fileURLToPath } from "node:url";
import { ConfigurableProxy } from "../node_modules/configurable-http-proxy/lib/configproxy.js";

const ordinary = ConfigurableProxy.prototype.proxyOptsForTarget;

// JupyterHub keeps a server as host and port, so it says http+unix://%2Frun%2Flab.sock:80 and means lab.sock
ConfigurableProxy.prototype.proxyOptsForTarget = function (target, url) {
  if (target.protocol !== "http+unix:") return ordinary.call(this, target, url);
  const socketPath = decodeURIComponent(target.hostname);
  const found = { protocol: "http:", host: "localhost", pathname: "/", socketPath };
  // Connections are kept: on a unix socket, an answer that comes early and closes would be lost to a broken pipe
  return { secure: false, target: found, agent: this.httpAgent };
};

const at = process.argv.indexOf("--error-target");
process.argv.splice(at, 2, "--error-path", fileURLToPath(new URL("error-pages", import.meta.url)));
await import("../node_modules/configurable-http-proxy/bin/configurable-http-proxy");
