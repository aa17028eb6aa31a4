import type { ReactNode } from 'react'

/** One sentence and one action, in place of the data that it explains. */
export function Notice({ children, action }: { readonly children: ReactNode, readonly action?: ReactNode }) {
  return (
    <div className="flex h-full min-h-24 flex-col items-center justify-center gap-3 p-6 text-center text-14 text-muted" role="status">
      <p className="max-w-prose text-balance">{children}</p>
      {action}
    </div>
  )
}

/** The same, over a chart that has nothing to show. */
export function ChartNotice({ children }: { readonly children: ReactNode }) {
  return (
    <p className="pointer-events-none absolute inset-0 bottom-[18px] left-12 flex items-center justify-center p-4 text-center text-12 text-muted" role="status">
      <span className="bg-surface px-2 py-1">{children}</span>
    </p>
  )
}

type ButtonProps = { readonly onClick: () => void, readonly children: ReactNode, readonly title?: string }

export function Button({ onClick, children, title }: ButtonProps) {
  return (
    <button
      type="button"
      onClick={onClick}
      title={title}
      className="rounded border border-line bg-raised px-2 py-1 text-12 text-text hover:border-faint"
    >
      {children}
    </button>
  )
}
