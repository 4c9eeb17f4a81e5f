// The peer: Socket.IO 4, WebSocket transport only, permessage-deflate off. Same stdin orders as server.py.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Server } from "socket.io";

const event = JSON.parse(process.argv[2]);
const http = createServer();
const io = new Server(http, {
  transports: ["websocket"],
  perMessageDeflate: false,
  httpCompression: false,
  pingInterval: 600_000,
  serveClient: false,
});
io.on("connection", (socket) => socket.join("room"));

let seq = event.seq;
createInterface({ input: process.stdin })
  .on("line", (line) => {
    if (line.startsWith("p")) {
      for (let n = Number(line.slice(1)); n > 0; n -= 1) {
        io.to("room").emit("event", { ...event, seq });
        seq += 1;
      }
    } else {
      const { user, system } = process.cpuUsage();
      console.log((user + system) / 1e6);
    }
  })
  .on("close", () => process.exit(0));

http.listen({ port: 0, host: "127.0.0.1", backlog: 2048 }, () => console.log(http.address().port));
