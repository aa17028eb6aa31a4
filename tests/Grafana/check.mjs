// Checks every dashboard of grafana/ against the types that Grafana publishes: the dashboard as a whole, and each panel's options and field
// configuration against those of its kind. First it sees that a wrong one is refused. Exit code 1 with the compiler's words otherwise.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const here = dirname(fileURLToPath(import.meta.url))
const dashboards = join(here, '../../grafana/dashboards')
const composable = '../node_modules/@grafana/schema/dist/esm/raw/composable'
const kinds = {
  timeseries: `${composable}/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen`,
  stat: `${composable}/stat/panelcfg/x/StatPanelCfg_types.gen`,
  bargauge: `${composable}/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen`,
  heatmap: `${composable}/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen`,
}
const withFieldConfig = ['timeseries', 'heatmap']

/** JSON knows the values of enums, not their names. */
const prelude = kindsOfFile => [
  `import type { Dashboard, FieldConfigSource, Panel, RowPanel } from '@grafana/schema'`,
  ...kindsOfFile.map(kind => `import type * as ${kind} from '${kinds[kind]}'`),
  'type Plain<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T',
  '  : T extends readonly (infer U)[] ? Plain<U>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T',
  '',
].join('\n')

function source(dashboard) {
  const panels = dashboard.panels.filter(panel => panel.type !== 'row')
  const unknown = panels.find(panel => !(panel.type in kinds))
  if (unknown) throw new Error(`Panel '${unknown.title}' is of kind '${unknown.type}', which this check does not know.`)
  const lines = [prelude([...new Set(panels.map(panel => panel.type))])]
  const text = value => JSON.stringify(value, null, 2)
  lines.push(`export const whole: Plain<Omit<Dashboard, 'panels'>> = ${text({ ...dashboard, panels: undefined })}`)
  for (const row of dashboard.panels.filter(panel => panel.type === 'row')) lines.push(`export const row${row.id}: Plain<RowPanel> = ${text(row)}`)
  for (const panel of panels) {
    lines.push(`export const panel${panel.id}: Plain<Omit<Panel, 'options' | 'fieldConfig'>> = ${text({ ...panel, options: undefined, fieldConfig: undefined })}`)
    lines.push(`export const options${panel.id}: Plain<${panel.type}.Options> = ${text(panel.options)}`)
    const custom = withFieldConfig.includes(panel.type) ? `${panel.type}.FieldConfig` : 'Record<string, never>'
    lines.push(`export const fields${panel.id}: Plain<Omit<FieldConfigSource, 'defaults'>> = ${text({ ...panel.fieldConfig, defaults: undefined })}`)
    lines.push(`export const defaults${panel.id}: Plain<Omit<FieldConfigSource['defaults'], 'custom'>> = ${text({ ...panel.fieldConfig.defaults, custom: undefined })}`)
    lines.push(`export const custom${panel.id}: Plain<${custom}> = ${text(panel.fieldConfig.defaults.custom ?? {})}`)
  }
  return lines.join('\n')
}

function errorsOf(files) {
  const program = ts.createProgram(files, {
    strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler, types: [],
  })
  return ts.getPreEmitDiagnostics(program).map(found => {
    const line = found.file ? `${found.file.fileName.split('/').at(-1)}:${found.file.getLineAndCharacterOfPosition(found.start).line + 1} ` : ''
    return line + ts.flattenDiagnosticMessageText(found.messageText, '\n')
  })
}

const generated = join(here, '.generated')
rmSync(generated, { recursive: true, force: true })
mkdirSync(generated)
try {
  const files = readdirSync(dashboards).filter(name => name.endsWith('.json')).sort()
  const read = name => JSON.parse(readFileSync(join(dashboards, name), 'utf8'))
  const write = (name, dashboard) => {
    const file = join(generated, `${name.replaceAll('.', '_')}.ts`)
    writeFileSync(file, source(dashboard))
    return file
  }
  const wrong = [
    ['unknown option', panel => { panel.options.nullPointMode = 'null' }],
    ['wrong kind of value', panel => { panel.gridPos.w = '12' }],
    ['value of no enum', panel => { panel.fieldConfig.defaults.color.mode = 'rainbow' }],
    ['unknown field option', panel => { panel.fieldConfig.defaults.custom.lineWidht = 2 }],
  ].map(([name, spoil]) => {
    const dashboard = read(files[0])
    spoil(dashboard.panels.find(panel => panel.type === 'timeseries'))
    return [name, write(`wrong-${name.replaceAll(' ', '-')}`, dashboard)]
  })
  const all = errorsOf([...files.map(name => write(name, read(name))), ...wrong.map(([, file]) => file)])
  const missed = wrong.filter(([, file]) => !all.some(error => error.startsWith(file.split('/').at(-1))))
  const errors = all.filter(error => !error.startsWith('wrong-'))
  for (const error of errors) console.error(error)
  for (const [name] of missed) console.error(`The check does not see: ${name}.`)
  if (errors.length > 0 || missed.length > 0) process.exit(1)
  console.log(`${files.length} dashboards agree with @grafana/schema ${JSON.parse(readFileSync(join(here, 'node_modules/@grafana/schema/package.json'), 'utf8')).version}`)
} finally {
  rmSync(generated, { recursive: true, force: true })
}
