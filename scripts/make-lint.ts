/**
 * Writes `.oxlintrc.json`: the rules, and one override a layer, made from the table in ARCHITECTURE.md, so the linter and the document can't disagree.
 * `npm run lint:layers` after a change of that table; the tidy test fails when the file is not what this writes.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { layers, lintConfig } from '../test/support/layers.ts'

const root = join(import.meta.dirname, '..')
writeFileSync(join(root, '.oxlintrc.json'), `${JSON.stringify(lintConfig(layers(root)), null, 2)}\n`)
console.log('.oxlintrc.json written')
