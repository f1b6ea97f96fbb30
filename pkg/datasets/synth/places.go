package synth

// A county, as spelt by the case system, and places in it.
type county struct {
	name  string
	towns []string
}

var counties = []county{
	{"Nairobi City", []string{"Kibera", "Mathare", "Kayole", "Kawangware", "Dandora"}},
	{"Mombasa", []string{"Likoni", "Kisauni", "Changamwe"}},
	{"Kisumu", []string{"Nyalenda", "Ahero", "Kondele"}},
	{"Nakuru", []string{"Naivasha", "Gilgil", "Molo", "Njoro"}},
	{"Kiambu", []string{"Thika", "Limuru", "Githurai"}},
	{"Machakos", []string{"Mlolongo", "Athi River", "Kangundo"}},
	{"Kitui", []string{"Mwingi", "Mutomo", "Ikutha"}},
	{"Makueni", []string{"Wote", "Kibwezi", "Mtito Andei"}},
	{"Bungoma", []string{"Webuye", "Kimilili", "Chwele"}},
	{"Kakamega", []string{"Mumias", "Lugari", "Butere"}},
	{"Vihiga", []string{"Mbale", "Luanda"}},
	{"Busia", []string{"Malaba", "Port Victoria"}},
	{"Siaya", []string{"Bondo", "Ugunja", "Yala"}},
	{"Homa Bay", []string{"Mbita", "Oyugis", "Kendu Bay"}},
	{"Migori", []string{"Rongo", "Awendo", "Isebania"}},
	{"Kisii", []string{"Ogembo", "Suneka"}},
	{"Nyamira", []string{"Keroka", "Nyansiongo"}},
	{"Kericho", []string{"Litein", "Londiani"}},
	{"Bomet", []string{"Sotik", "Longisa"}},
	{"Narok", []string{"Kilgoris", "Ololulung'a"}},
	{"Kajiado", []string{"Kitengela", "Ngong", "Namanga"}},
	{"Nandi", []string{"Kapsabet", "Kosirai"}},
	{"Uasin Gishu", []string{"Eldoret", "Turbo", "Moiben"}},
	{"Trans Nzoia", []string{"Kitale", "Endebess"}},
	{"Elgeyo/Marakwet", []string{"Iten", "Kapsowar"}},
	{"Baringo", []string{"Kabarnet", "Marigat"}},
	{"West Pokot", []string{"Kapenguria", "Alale"}},
	{"Turkana", []string{"Lodwar", "Kakuma", "Lokichar"}},
	{"Samburu", []string{"Maralal", "Baragoi"}},
	{"Laikipia", []string{"Nanyuki", "Rumuruti"}},
	{"Nyandarua", []string{"Ol Kalou", "Engineer"}},
	{"Nyeri", []string{"Karatina", "Othaya", "Mũkũrwe-inĩ"}},
	{"Kirinyaga", []string{"Kerugoya", "Mwea"}},
	{"Murang'A", []string{"Kangema", "Maragua"}},
	{"Embu", []string{"Runyenjes", "Siakago"}},
	{"Meru", []string{"Maua", "Nkubu", "Timau"}},
	{"Tharaka-Nithi", []string{"Chuka", "Marimanti"}},
	{"Isiolo", []string{"Garba Tula", "Merti"}},
	{"Marsabit", []string{"Moyale", "Laisamis"}},
	{"Wajir", []string{"Habaswein", "Griftu"}},
	{"Mandera", []string{"Elwak", "Rhamu"}},
	{"Garissa", []string{"Dadaab", "Masalani"}},
	{"Tana River", []string{"Hola", "Garsen"}},
	{"Lamu", []string{"Mpeketoni", "Faza"}},
	{"Kilifi", []string{"Malindi", "Mariakani", "Watamu"}},
	{"Kwale", []string{"Ukunda", "Msambweni", "Kinango"}},
	{"Taita Taveta", []string{"Voi", "Wundanyi"}},
}

// A landmark is a kind of place preceded by a name.
var landmarkNames = []string{
	"Kenyatta", "Baraka", "Uhuru", "Jamhuri", "St. Mary's", "Neema", "Umoja", "Tumaini", "Upendo",
	"St. Peter's", "Mwangaza", "Amani", "Ebenezer", "Nyota",
}

var landmarkKinds = []string{
	"Market", "Primary School", "Church", "Dispensary", "Bus Stage", "Petrol Station", "Mosque",
	"Health Centre", "Stadium", "Bridge", "Police Post",
}
