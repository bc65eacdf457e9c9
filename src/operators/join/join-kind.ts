/** What kinds of joins are: which side may be missing from a result. Everything else about inner, left and outer follows from it. */

/** Which side of a pair may be missing. */
export interface JoinKind {
  readonly leftMayMiss: boolean
  readonly rightMayMiss: boolean
}

/** Only pairs. */
export const inner: JoinKind = Object.freeze({ leftMayMiss: false, rightMayMiss: false })

/** Every record of the left side, alone where nothing on the right meets it. */
export const leftOuter: JoinKind = Object.freeze({ leftMayMiss: false, rightMayMiss: true })

/** Every record of both sides. */
export const fullOuter: JoinKind = Object.freeze({ leftMayMiss: true, rightMayMiss: true })
