package redact

import "strings"

// Pseudonyms. The names are of other parts of the world than the helplines, so that readers
// see that they are invented; places are put together and don't exist.
var firstNames = strings.Fields(`
Abeba Adila Aisling Alba Amari Anjali Arvid Asha Astrid Basil Beatrix Bodil
Cato Celia Cosmo Dalia Darya Delphine Edda Eira Elio Enzo Fabian Fenna
Freya Gala Gideon Greta Hedda Hiro Ilse Imre Indira Isak Ivo Jarek
Jorun Kaia Kenji Lamar Leif Linnea Lorcan Maren Mirela Nadir Nils Noor
Odile Orla Osric Pavel Petra Quentin Ravi Rhoda Sanna Soren Tamsin Thora
Ulf Vera Yara Zeno`)

var lastNames = strings.Fields(`
Abelard Almqvist Anand Ashdown Bakker Beaumont Bergstrom Brandt Calloway Castellan Clausen Corbin
Dahl Delacroix Dietrich Eklund Endicott Farrow Ferreira Fontaine Gallagher Goddard Gruber Halvorsen
Hartwell Holm Ingram Jansen Jokinen Kaplan Keller Kowalski Lambert Larkin Lindqvist Lombard
Marchetti Moreau Nakano Novak Oakes Olsen Pascal Pettersen Quist Radley Renard Rossi
Sandoval Schuster Sinclair Sorensen Tanaka Thorne Valdez Vance Varga Verne Wexler Whitlock
Winther Yamada Zielinski Zimmer`)

var placeBeginnings = strings.Fields(`
Andu Belo Bora Chika Dala Dembo Eko Fali Gora Guma Hako Imbe
Jora Kaba Keru Lubo Maba Mori Nado Neru Obe Para Piko Rabu
Rimo Seko Sumo Tabe Turo Vike Wabo Zuri`)

var placeEndings = strings.Fields(`
bela dora fani gora kasa lima mado nela pata rika sefu tando
vira wanda yero zani`)
