/** A shop that makes itself up: customers in six cities, and orders that come in bursts, some of them a little late. */

/** Who buys. */
export interface Customer {
  readonly name: string
  readonly city: string
}

/** What is bought. */
export interface Order {
  readonly product: string
  readonly cents: number
}

const CITIES = ['Aachen', 'Bergen', 'Cádiz', 'Dublin', 'Espoo', 'Fano'] as const
const PRODUCTS = [
  { product: 'tea', cents: 450 },
  { product: 'coffee', cents: 890 },
  { product: 'kettle', cents: 3_995 },
  { product: 'cup', cents: 1_250 },
] as const
const CUSTOMERS = 120

/** One record for each customer, known for an hour at `now` (ms since the epoch). */
export function customersOfTheShop(now: number): { key: string; value: Customer; timestamp: number }[] {
  return Array.from({ length: CUSTOMERS }, (_, n) => ({
    key: `c${n}`,
    value: { name: `Customer ${n}`, city: CITIES[n % CITIES.length]! },
    timestamp: now - 3_600_000,
  }))
}

/** Some orders of this moment (ms since the epoch): about `rate` of them, every tenth up to a second late. */
export function shop(now: number, rate: number): { key: string; value: Order; timestamp: number }[] {
  const count = Math.round(rate * (0.5 + Math.random()))
  return Array.from({ length: count }, () => {
    const customer = Math.floor(CUSTOMERS * Math.random() ** 2)
    const late = Math.random() < 0.1 ? Math.floor(Math.random() * 1_000) : 0
    return { key: `c${customer}`, value: PRODUCTS[Math.floor(Math.random() * PRODUCTS.length)]!, timestamp: now - late }
  })
}
