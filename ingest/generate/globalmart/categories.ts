/** Categories of one parent, and the range of their prices in whole units of money. */
interface Department {
  readonly parent: string
  readonly cheapest: number
  readonly dearest: number
  readonly names: readonly string[]
}

/** The two levels of seeds/globalmart/categories.csv, which gives the parents to the warehouse. */
const DEPARTMENTS: readonly Department[] = [
  {
    parent: 'Beauty',
    cheapest: 3,
    dearest: 60,
    names: [
      'Bath',
      'Fragrances',
      'Hair Care',
      'Make-up',
      'Nail Care',
      'Oral Care',
      'Shaving',
      'Skin Care',
    ],
  },
  {
    parent: 'Books',
    cheapest: 5,
    dearest: 60,
    names: [
      'Children',
      'Comics',
      'Cookbooks',
      'Fiction',
      'History',
      'Science',
      'Textbooks',
      'Travel',
    ],
  },
  {
    parent: 'Clothing',
    cheapest: 8,
    dearest: 180,
    names: [
      'Dresses',
      'Jackets',
      'Knitwear',
      'Shirts',
      'Socks',
      'Suits',
      'Swimwear',
      'Trousers',
      'Underwear',
    ],
  },
  {
    parent: 'Computers',
    cheapest: 12,
    dearest: 900,
    names: [
      'Components',
      'Keyboards',
      'Monitors',
      'Networking',
      'Printers',
      'Projectors',
      'Software',
      'Storage',
    ],
  },
  {
    parent: 'Electronics',
    cheapest: 15,
    dearest: 1800,
    names: [
      'Cameras',
      'Game Consoles',
      'Headphones',
      'Laptops',
      'Phones',
      'Smart Home',
      'Tablets',
      'Televisions',
      'Wearables',
    ],
  },
  {
    parent: 'Furniture',
    cheapest: 30,
    dearest: 1500,
    names: [
      'Beds',
      'Chairs',
      'Desks',
      'Outdoor Furniture',
      'Shelves',
      'Sofas',
      'Tables',
      'Wardrobes',
    ],
  },
  {
    parent: 'Garden',
    cheapest: 4,
    dearest: 350,
    names: [
      'Barbecues',
      'Garden Decor',
      'Garden Tools',
      'Lawn Care',
      'Plants',
      'Ponds',
      'Pots',
      'Seeds',
    ],
  },
  {
    parent: 'Groceries',
    cheapest: 1,
    dearest: 30,
    names: ['Beverages', 'Coffee', 'Oils', 'Pasta', 'Snacks', 'Spices', 'Sweets', 'Tea'],
  },
  {
    parent: 'Health',
    cheapest: 4,
    dearest: 220,
    names: [
      'Eye Care',
      'First Aid',
      'Fitness Trackers',
      'Massage',
      'Mobility',
      'Nutrition',
      'Sleep',
      'Vitamins',
    ],
  },
  {
    parent: 'Home and Kitchen',
    cheapest: 5,
    dearest: 300,
    names: [
      'Bedding',
      'Candles',
      'Cookware',
      'Curtains',
      'Lighting',
      'Rugs',
      'Small Appliances',
      'Tableware',
      'Wall Decor',
    ],
  },
  {
    parent: 'Shoes and Bags',
    cheapest: 12,
    dearest: 260,
    names: ['Backpacks', 'Belts', 'Boots', 'Handbags', 'Luggage', 'Sandals', 'Sneakers', 'Wallets'],
  },
  {
    parent: 'Sports',
    cheapest: 8,
    dearest: 500,
    names: [
      'Camping',
      'Cycling',
      'Fishing',
      'Running',
      'Team Sports',
      'Water Sports',
      'Winter Sports',
      'Yoga',
    ],
  },
  {
    parent: 'Stationery',
    cheapest: 1,
    dearest: 45,
    names: [
      'Art Supplies',
      'Calendars',
      'Gift Wrap',
      'Greeting Cards',
      'Notebooks',
      'Office Supplies',
      'Paper',
      'Pens',
    ],
  },
  {
    parent: 'Toys',
    cheapest: 4,
    dearest: 140,
    names: [
      'Board Games',
      'Building Sets',
      'Dolls',
      'Educational Toys',
      'Model Kits',
      'Outdoor Toys',
      'Plush',
      'Puzzles',
    ],
  },
]

/** A category of the lower level; products belong to these. */
export interface Category {
  readonly name: string
  readonly parent: string
  readonly cheapest: number
  readonly dearest: number
}

const [first, ...others] = DEPARTMENTS.flatMap(({ names, ...department }) =>
  names.map((name): Category => ({ name, ...department })),
)
if (first === undefined) throw new Error('there are no categories')

export const CATEGORIES: readonly [Category, ...Category[]] = [first, ...others]
