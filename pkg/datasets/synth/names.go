package synth

// A single pool of names for callers, children, offenders and bystanders, so that a name
// doesn't reveal the person's role.

var girlNames = []string{
	"Achieng", "Akinyi", "Amina", "Anyango", "Atieno", "Awuor", "Beatrice", "Chebet", "Chepkoech",
	"Cherono", "Chloé", "Daisy", "Esther", "Eunice", "Fatuma", "Faith", "Grace", "Halima", "Hawa",
	"Jepchirchir", "Joyce", "Kadzo", "Khadija", "Lucy", "Makena", "Mercy", "Miriam", "Moraa",
	"Mũthoni", "Nafula", "Naisiae", "Nasimiyu", "Nekesa", "Ng'endo", "Njeri", "Nyambura", "Purity",
	"Rehema", "Rose", "Ruth", "Salome", "Sharon", "Siteyian", "Subira", "Wairimu", "Wambũi",
	"Wangari", "Wanjikũ", "Wanjiru", "Zawadi", "Zainab", "Ekiru", "Mwende", "Ndinda", "Kerubo",
}

var boyNames = []string{
	"Abdi", "Ali", "Barasa", "Baraka", "Brian", "Charo", "Collins", "Daniel", "David", "Dennis",
	"Elijah", "Emmanuel", "Ekai", "Farah", "Fidel", "Gitonga", "Hassan", "Ian", "Isaac", "James",
	"John", "José", "Joseph", "Juma", "Kamau", "Karanja", "Kelvin", "Kevin", "Kibet", "Kĩmani",
	"Kipchoge", "Kiprono", "Lemayian", "Lokwang", "Mohamed", "Moses", "Musa", "Mutinda", "Mutua",
	"Mwangi", "Ng'ang'a", "Njoroge", "Ochieng", "Odhiambo", "Omondi", "Otieno", "Peter", "Rotich",
	"Salim", "Samuel", "Simiyu", "Stephen", "Wafula", "Wekesa", "Yusuf",
}

var familyNames = []string{
	"Abdullahi", "Achieng", "Adan", "Aboge", "Barasa", "Bett", "Chelimo", "Chepkwony", "Ekal",
	"Gathoni", "Githinji", "Hussein", "Kahindi", "Kamau", "Karisa", "Kariũki", "Katana", "Keter",
	"Kilonzo", "Kimutai", "Kiplagat", "Koech", "Korir", "Kyalo", "Langat", "Lekishon", "Lomuria",
	"Maina", "Makokha", "Mbugua", "Mogaka", "Müller", "Muema", "Munyao", "Musyoka", "Mutiso",
	"Mwakio", "Mwangi", "Ndung'u", "Ng'eno", "Ngala", "Njenga", "Njũgũna", "Nyaboke", "Nyamweya",
	"Ochieng", "Odinga", "Ogutu", "Okello", "Ole Sankale", "Omar", "Onyango", "Otieno", "Ouma",
	"Owino", "Rono", "Ruto", "Sang", "Tanui", "Wafula", "Wakesho", "Wamalwa", "Wanjala", "Were",
}

// Less common names, also shared by all roles.

var rareGirlNames = []string{
	"Agnes", "Angela", "Brenda", "Caroline", "Celestine", "Damaris", "Dorcas", "Edna", "Emily", "Florence",
	"Gladys", "Hellen", "Imani", "Irene", "Jackline", "Janet", "Josephine", "Judith", "Kemunto", "Lilian",
	"Linet", "Magdalene", "Margaret", "Mary", "Maureen", "Millicent", "Monica", "Naomi", "Noor", "Pauline", "Phoebe",
	"Priscilla", "Rachel", "Rahma", "Rebecca", "Saida", "Sarah", "Scholastica", "Tabitha", "Truphena", "Winnie",
}

var rareBoyNames = []string{
	"Abel", "Adam", "Alfred", "Amos", "Anthony", "Benard", "Caleb", "Clement", "Dominic", "Edwin", "Eric", "Felix",
	"Francis", "Fredrick", "George", "Gideon", "Ibrahim", "Jackson", "Japheth", "Jeremiah", "Jonathan", "Joshua",
	"Kennedy", "Lawrence", "Luka", "Mark", "Martin", "Meshack", "Nicholas", "Noah", "Oscar", "Patrick", "Paul",
	"Philip", "Raphael", "Robert", "Rashid", "Simon", "Titus", "Victor", "Zakayo",
}

var rareFamilyNames = []string{
	"Achola", "Angwenyi", "Arusei", "Bosire", "Chege", "Cheruiyot", "Ekeno", "Gachanja", "Gitau", "Ireri", "Kaloki",
	"Kanyi", "Karimi", "Kendagor", "Kinyua", "Kirimi", "Kombo", "Lagat", "Lusweti", "Macharia", "Masinde", "Mbithi",
	"Miano", "Moseti", "Mugambi", "Mulwa", "Mwadime", "Mwaniki", "Nderitu", "Ngetich", "Nyongesa", "Obura", "Odera",
	"Okoth", "Olouch", "Onsongo", "Opiyo", "Sagini", "Shikuku", "Tunje", "Wachira", "Wekhomba",
}
