/** The cells of every table. */
export const headCell = 'px-3 py-1 text-left text-11 font-medium whitespace-nowrap text-faint'
export const headFigure = 'px-3 py-1 text-right text-11 font-medium whitespace-nowrap text-faint'
export const cell = 'px-3 py-0.5 whitespace-nowrap'
/** Takes the width that the figures leave. */
export const sparkCell = 'w-full min-w-28 px-3 sm:min-w-40 py-0.5'
export const figure = 'figures px-3 py-0.5 text-right whitespace-nowrap'
