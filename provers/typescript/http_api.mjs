// Serve a Lambda function as an HTTP API does: its module is the first argument, PORT in the environment.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const { handler } = await import(pathToFileURL(process.argv[2]));
createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  const { cookie, ...headers } = request.headers;
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const http = { method: request.method, path: pathname, protocol: "HTTP/1.1" };
  const told = await handler(
    {
      version: "2.0",
      routeKey: "$default",
      rawPath: pathname,
      rawQueryString: String(searchParams),
      ...(cookie && { cookies: cookie.split("; ") }),
      headers,
      requestContext: {
        http: { ...http, sourceIp: request.socket.remoteAddress, userAgent: headers["user-agent"] },
        domainName: headers.host,
        stage: "$default",
      },
      ...(body && { body }),
      isBase64Encoded: false,
    },
    {},
  );
  response.writeHead(told.statusCode, {
    ...told.headers,
    ...(told.cookies && { "set-cookie": told.cookies }),
  });
  response.end(told.body);
}).listen(Number(process.env.PORT), "127.0.0.1");
