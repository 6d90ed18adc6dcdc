// The npm package `stepfunctions-local`, on a free port of 127.0.0.1 alone: by itself it listens
// everywhere, and can't be asked for a free port.
//
//     node stepfunctions_local.cjs http://127.0.0.1:<port of the Lambda endpoint>

const net = require("node:net");
const { start } = require("stepfunctions-local");

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function onLoopback() {
  return listen.call(this, 0, "127.0.0.1", () => console.log(`http://127.0.0.1:${this.address().port}`));
};

start({ region: "us-east-1", lambdaRegion: "us-east-1", lambdaEndpoint: process.argv[2] });
