/** The cells of every table. */
export const headCell = 'px-1.5 py-1 text-left first:pl-3 last:pr-3 sm:px-3 text-11 font-medium whitespace-nowrap text-faint'
export const headFigure = 'px-1.5 py-1 text-right first:pl-3 last:pr-3 sm:px-3 text-11 font-medium whitespace-nowrap text-faint'
export const cell = 'px-1.5 py-0.5 whitespace-nowrap first:pl-3 last:pr-3 sm:px-3'
/** Takes the width that the figures leave. */
export const sparkCell = 'w-full min-w-20 px-1.5 py-0.5 first:pl-3 last:pr-3 sm:min-w-40 sm:px-3'
export const figure = 'figures px-1.5 py-0.5 text-right whitespace-nowrap first:pl-3 last:pr-3 sm:px-3'
