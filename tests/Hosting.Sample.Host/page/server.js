// Stands in for Vite: listens on the port it is told by --port, and says what it was told by its environment.
const http = require('http')

const port = Number(process.argv[process.argv.indexOf('--port') + 1])
http.createServer((_, response) => response.end(JSON.stringify(process.env))).listen(port, 'localhost')
console.log(`page on ${port}, PORT=${process.env.PORT}`)
