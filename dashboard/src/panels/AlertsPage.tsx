import { Notice } from './Notice'

export function AlertsPage() {
  return <main className="min-h-0 flex-1 bg-surface"><Notice>No rule is set.</Notice></main>
}
