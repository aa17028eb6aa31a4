import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const port = process.env['PORT']

export default defineConfig({
  plugins: [react(), tailwindcss()],
  server: {
    port: port === undefined ? 5173 : Number(port),
    // A port that was asked for is the one that others were told: taking the next free one would hide the clash.
    strictPort: port !== undefined || process.argv.some(argument => argument.startsWith('--port')),
  },
  worker: { format: 'es' },
  build: { target: 'es2022', sourcemap: false },
  // Wide: a guard against hangs, not a measure of a busy machine.
  test: { environment: 'node', testTimeout: 30_000, hookTimeout: 30_000, include: ['src/**/*.test.{ts,tsx}'] },
})
