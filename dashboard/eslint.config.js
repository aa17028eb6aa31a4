import js from '@eslint/js'
import reactHooks from 'eslint-plugin-react-hooks'
import tseslint from 'typescript-eslint'

const noReact = {
  patterns: [{ group: ['react', 'react-dom', 'react-dom/*', 'zustand', 'zustand/*', '**/panels/*', '**/live'], message: 'Only panels/ knows React.' }],
}

const readonly = names => Object.fromEntries(names.map(name => [name, 'readonly']))

export default tseslint.config(
  { ignores: ['**/dist', '**/node_modules'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-definitions': ['error', 'type'],
      // Indexes into typed arrays are in range by the loop's bounds; a check per value is what the data plane cannot afford.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Names from the network and from the DOM are not our own properties.
      '@typescript-eslint/dot-notation': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'max-len': ['error', { code: 140, ignoreStrings: true, ignoreTemplateLiterals: true }],
      'max-lines': ['error', { max: 320, skipBlankLines: true }],
    },
  },
  { files: ['src/**/*.tsx', 'src/panels/**/*.ts'], ...reactHooks.configs.flat.recommended },
  // The arrows: wire <- store <- paint <- live.ts <- panels. tests/Architecture.Tests holds them too, and refuses circles.
  { files: ['src/wire/**'], rules: { 'no-restricted-imports': ['error', { patterns: [...noReact.patterns, { group: ['**/store/*', '**/paint/*'] }] }] } },
  { files: ['src/store/**'], rules: { 'no-restricted-imports': ['error', { patterns: [...noReact.patterns, { group: ['**/paint/*'] }] }] } },
  { files: ['src/paint/**', 'src/live.ts'], rules: { 'no-restricted-imports': ['error', noReact] } },
  { files: ['**/*.test.{ts,tsx}'], rules: { 'max-lines': 'off' } },
  { files: ['bench/*.{js,jsx}'], languageOptions: { globals: readonly(['window', 'document', 'location', 'requestAnimationFrame', 'performance', 'console', 'devicePixelRatio', 'setTimeout', 'URLSearchParams', 'globalThis', 'OffscreenCanvas']), parserOptions: { ecmaFeatures: { jsx: true } } } },
  { files: ['**/*.js', '**/*.mjs'], languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly', setInterval: 'readonly', clearInterval: 'readonly', performance: 'readonly', Buffer: 'readonly' } } },
)
